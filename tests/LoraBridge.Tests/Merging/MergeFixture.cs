using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Merging;

/// <summary>A folder with an adapter for a tiny model, and readers of what a merge has written.</summary>
internal sealed class MergeFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal MergeFixture(string modelPath, IReadOnlyList<string>? targets = null, int rank = 4)
    {
        ModelPath = modelPath;
        AdapterPath = Adapter("adapter.gguf", targets, rank);
    }

    internal string ModelPath { get; }

    internal string AdapterPath { get; }

    internal string Output => _folder["merged.gguf"];

    internal string Folder => _folder.FullName;

    internal string this[string name] => _folder[name];

    internal string Adapter(string name, IReadOnlyList<string>? targets = null, int rank = 4, int seed = 1, float? alpha = 8)
    {
        TinyAdapters.Create(ModelPath, targets, rank, alpha, seed: seed).Save(_folder[name]);
        return _folder[name];
    }

    internal MergeResult Merge(MergeOptions? options = null, params (string Path, float Scale)[] adapters)
    {
        var merger = new LoraMerger(ModelPath) { Options = (options ?? new MergeOptions()) with { Threads = 1 } };
        foreach (var (path, scale) in adapters.Length > 0 ? adapters : [(AdapterPath, 1f)])
            merger.AddLoraAdapter(path, scale);
        return merger.Merge(Output);
    }

    /// <summary>A tensor as F32.</summary>
    internal static float[] Read(string path, string name)
    {
        using var file = GgufModelFiles.Open(path);
        var tensor = file.Find(name) ?? throw new InvalidDataException($"{path} has no {name}");
        var values = new float[tensor.Info.ElementCount];
        GgmlTypeTraits.Dequantize(tensor.Info.Type, file.ReadAll(tensor), values);
        return values;
    }

    /// <summary>W + s B A, written out: A is [inputs, R], B is [R, outputs].</summary>
    internal static float[] Expected(float[] weight, float[] a, float[] b, int rank, float scale)
    {
        var inputs = a.Length / rank;
        var sum = (float[])weight.Clone();
        for (var o = 0; o < b.Length / rank; o++)
            for (var i = 0; i < inputs; i++)
            {
                var product = 0.0;
                for (var r = 0; r < rank; r++)
                    product += (double)b[o * rank + r] * a[r * inputs + i];
                sum[o * inputs + i] += (float)(scale * product);
            }

        return sum;
    }

    internal static double RelativeError(ReadOnlySpan<float> expected, ReadOnlySpan<float> found)
    {
        Assert.Equal(expected.Length, found.Length);
        var (error, power) = (0.0, 0.0);
        for (var i = 0; i < expected.Length; i++)
        {
            error += Math.Pow((double)expected[i] - found[i], 2);
            power += Math.Pow(expected[i], 2);
        }

        return Math.Sqrt(error / power);
    }

    public void Dispose() => _folder.Dispose();
}
