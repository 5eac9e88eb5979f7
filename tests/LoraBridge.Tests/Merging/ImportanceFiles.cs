using System.Text;
using LoraBridge.Formats;

namespace LoraBridge.Tests.Merging;

/// <summary>Writes one random importance matrix of a fixture's model in both formats of llama.cpp.</summary>
internal static class ImportanceFiles
{
    private const int Count = 16;

    internal static string WriteGguf(MergeFixture fixture)
    {
        var writer = new GgufWriter();
        foreach (var (name, sums) in Sums(fixture))
        {
            writer.AddTensor(name + ".in_sum2", GgmlType.F32, [sums.Length, 1], Bytes(sums));
            writer.AddTensor(name + ".counts", GgmlType.F32, [1, 1], Bytes([Count]));
        }

        writer.Save(fixture["imatrix"], overwrite: true);
        return fixture["imatrix"];
    }

    internal static string WriteLegacy(MergeFixture fixture)
    {
        var entries = Sums(fixture).ToList();
        using var writer = new BinaryWriter(File.Create(fixture["imatrix"]));
        writer.Write(entries.Count);
        foreach (var (name, sums) in entries)
        {
            writer.Write(name.Length);
            writer.Write(Encoding.UTF8.GetBytes(name));
            writer.Write(Count);
            writer.Write(sums.Length);
            writer.Write(Bytes(sums));
        }

        writer.Write(100);
        writer.Write(8);
        writer.Write("wiki.txt"u8);
        return fixture["imatrix"];
    }

    private static IEnumerable<(string Name, float[] Sums)> Sums(MergeFixture fixture)
    {
        using var model = GgufFile.Open(fixture.ModelPath);
        var random = new Random(3);
        foreach (var tensor in model.Tensors.Where(tensor => tensor.Shape.Length == 2))
            yield return (tensor.Name, [.. Enumerable.Range(0, (int)tensor.Shape[0]).Select(_ => random.NextSingle() * 100)]);
    }

    private static byte[] Bytes(float[] values) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}
