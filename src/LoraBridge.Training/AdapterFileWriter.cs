using System.Runtime.InteropServices;
using LoraBridge.Finetuning;

namespace LoraBridge.Training;

/// <summary>Writes adapters as GGUF files that llama.cpp loads.</summary>
internal static class AdapterFileWriter
{
    /// <summary>
    /// Writes an adapter that changes nothing yet. <see cref="LoraInitialization.LoraBridge"/>: A uniform in ±√(6/n) for n inputs, B zero. So A x
    /// is about as long as x is (He et al., <see href="https://arxiv.org/abs/1502.01852"/>), and stays diverse while B learns; with a smaller A,
    /// its rows soon all become the same at high rates. <see cref="LoraInitialization.Peft"/>: A uniform in ±√(1/n), which is
    /// Kaiming's with a = √5, B zero; for the token embedding A zero, B normal. Otherwise, for the token embedding, n is R.
    /// </summary>
    /// <param name="path">Where to write; replaced if it exists.</param>
    /// <param name="blueprint">What to write.</param>
    /// <param name="seed">Every seed, 0 too, gives its own adapter; the same seed the same bytes.</param>
    /// <param name="initialization">Which distribution the values are drawn from.</param>
    public static void WriteInitial(string path, AdapterBlueprint blueprint, ulong seed, LoraInitialization initialization = LoraInitialization.LoraBridge)
    {
        var random = new SeededRandom(seed);
        Write(path, blueprint, (name, shape) =>
        {
            var values = new float[shape.Aggregate(1L, (product, extent) => product * extent)];
            var isA = name.EndsWith(LoraPair.ASuffix, StringComparison.Ordinal);
            var target = name[..^LoraPair.ASuffix.Length];
            if (initialization == LoraInitialization.Peft && LoraPair.IsFlipped(target))
                FillNormal(isA ? [] : values, random);
            else if (isA)
                FillUniform(values, MathF.Sqrt((initialization == LoraInitialization.Peft ? 1f : 6f) / shape[0]), random);
            return values;
        }, []);
    }

    /// <summary>Writes an adapter; a temporary file is renamed when it is complete.</summary>
    /// <param name="path">Where to write; replaced if it exists.</param>
    /// <param name="blueprint">What to write.</param>
    /// <param name="values">Elements of a tensor by its name (<c>NAME.lora_a</c>, <c>NAME.lora_b</c>) and shape, asked for in the order of the file.</param>
    /// <param name="metadata">Further metadata.</param>
    public static void Write(
        string path, AdapterBlueprint blueprint, Func<string, long[], float[]> values,
        IEnumerable<KeyValuePair<string, GgufValue>> metadata)
    {
        var header = new GgufMetadata()
            .Set("general.type", "adapter")
            .Set("general.architecture", blueprint.Architecture)
            .Set("adapter.type", "lora")
            .Set("adapter.lora.alpha", blueprint.Alpha);
        foreach (var (key, value) in metadata)
            header.Set(key, value);

        var writer = new GgufWriter(header);
        foreach (var target in blueprint.Targets)
        {
            Add(target.Weight + LoraPair.ASuffix, target.A);
            Add(target.Weight + LoraPair.BSuffix, target.B);
        }
        writer.Save(path, overwrite: true);

        void Add(string name, long[] shape)
        {
            writer.AddTensor(name, GgmlType.F32, shape, stream => stream.Write(MemoryMarshal.AsBytes<float>(values(name, shape))));
        }
    }

    private static void FillUniform(Span<float> values, float limit, SeededRandom random)
    {
        foreach (ref var value in values)
            value = (2 * random.NextSingle() - 1) * limit;
    }

    private static void FillNormal(Span<float> values, SeededRandom random)
    {
        foreach (ref var value in values)
            value = (float)random.NextGaussian();
    }
}
