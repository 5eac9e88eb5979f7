using System.Runtime.InteropServices;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Adapters.Arithmetic;

/// <summary>Collects the matrices of a new adapter and writes it.</summary>
internal sealed class AdapterBuilder(string architecture, AdapterWriteOptions options)
{
    private readonly GgufWriter _writer = new();
    private readonly HashSet<int> _ranks = [];
    private readonly List<AdaptedTensor> _tensors = [];

    /// <summary>Adds the matrices of a weight, one for each expert, all of one rank.</summary>
    /// <param name="target">The weight.</param>
    /// <param name="matrices">What is added to it, at scale 1.</param>
    /// <param name="retained">The part of the energy that they keep of what they stand for.</param>
    internal void Add(string target, IReadOnlyList<LowRankMatrix> matrices, double retained)
    {
        var rank = matrices[0].Rank;
        var (a, b) = AdapterMatrices.Write(target, matrices);
        long[] weight = [matrices[0].Right[0].Length, matrices[0].Left[0].Length, matrices.Count];
        var (shapeOfA, shapeOfB) = LoraPair.ShapesFor(target, weight, rank);
        _ranks.Add(rank);
        AddMatrix(target + LoraPair.ASuffix, shapeOfA, a);
        AddMatrix(target + LoraPair.BSuffix, shapeOfB, b);
        _tensors.Add(new AdaptedTensor(target, rank, retained));
    }

    /// <summary>Adds one stored matrix in the type asked for, or in F16 where its rows do not fill that type's blocks.</summary>
    internal void AddMatrix(string name, ReadOnlySpan<long> shape, float[] values)
    {
        var type = shape[0] % options.Type.BlockSize() == 0 ? options.Type : GgmlType.F16;
        var bytes = new byte[checked((int)(type.RowSize(shape[0]) * (values.Length / shape[0])))];
        if (type == GgmlType.F32)
            MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(bytes);
        else
            GgmlQuantizer.Quantize(type, values, bytes, shape[0]);
        _writer.AddTensor(name, type, shape, bytes);
    }

    /// <summary>Writes an adapter whose pairs count once at scale 1.</summary>
    internal AdapterArithmeticResult Save(string path, IReadOnlyList<string> skipped)
    {
        if (_tensors.Count == 0)
            throw new InvalidOperationException("There is nothing to write: no weight differs.");
        _writer.Metadata
            .Set("general.architecture", architecture)
            .Set("general.type", "adapter")
            .Set("adapter.type", "lora");
        // Alpha counts per rank. Pairs of different ranks have none in common; without one each counts once.
        if (_ranks.Count == 1)
            _writer.Metadata.Set("adapter.lora.alpha", (float)_ranks.Single());
        _writer.Save(path, options.Overwrite);
        return new AdapterArithmeticResult { Path = path, Tensors = _tensors, Skipped = skipped, Bytes = new FileInfo(path).Length };
    }

    /// <summary>Writes the matrices added so far under given metadata.</summary>
    internal void SaveWith(GgufMetadata metadata, string path)
    {
        foreach (var (key, value) in metadata)
            _writer.Metadata.Set(key, value);
        _writer.Save(path, options.Overwrite);
    }
}
