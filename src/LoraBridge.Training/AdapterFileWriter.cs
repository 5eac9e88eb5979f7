using System.Runtime.InteropServices;
using LoraBridge.Formats;

namespace LoraBridge.Training;

/// <summary>Writes adapters as GGUF files that llama.cpp loads.</summary>
internal static class AdapterFileWriter
{
    /// <summary>
    /// Writes an adapter that changes nothing yet: A uniform in ±√(6/n) for n inputs, B zero. So A x is about as long as x is (He et
    /// al., <see href="https://arxiv.org/abs/1502.01852"/>), and stays diverse while B learns; LoRA's reference implementation has A
    /// 2.4 times smaller, and at high rates its rows soon all become the same. For the token embedding, n is R.
    /// </summary>
    /// <param name="path">Where to write; replaced if it exists.</param>
    /// <param name="blueprint">What to write.</param>
    /// <param name="seed">Every seed, 0 too, gives its own adapter; the same seed the same bytes.</param>
    public static void WriteInitial(string path, AdapterBlueprint blueprint, ulong seed)
    {
        var random = new SeededRandom(seed);
        Write(path, blueprint, (name, shape) =>
        {
            var values = new float[shape.Aggregate(1L, (product, extent) => product * extent)];
            var limit = name.EndsWith(LoraPair.ASuffix, StringComparison.Ordinal) ? MathF.Sqrt(6f / shape[0]) : 0;
            for (var i = 0; i < values.Length && limit > 0; i++)
                values[i] = (2 * random.NextSingle() - 1) * limit;
            return values;
        }, []);
    }

    /// <summary>Writes an adapter; a temporary file is renamed when it is complete.</summary>
    /// <param name="path">Where to write; replaced if it exists.</param>
    /// <param name="blueprint">What to write.</param>
    /// <param name="values">Elements of a tensor by its name (<c>NAME.lora_a</c>, <c>NAME.lora_b</c>) and shape.</param>
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
            var elements = values(name, shape);
            writer.AddTensor(name, GgmlType.F32, shape, stream => stream.Write(MemoryMarshal.AsBytes<float>(elements)));
        }
    }
}
