using System.Collections.Immutable;

namespace LoraBridge.Formats;

/// <summary>The name, type, shape and place of one tensor of a GGUF file.</summary>
public sealed record GgufTensorInfo : ITensorLocation
{
    internal GgufTensorInfo(string name, GgmlType type, ImmutableArray<long> shape, long offset, long byteLength)
    {
        Name = name;
        Type = type;
        Shape = shape;
        Offset = offset;
        ByteLength = byteLength;
    }

    /// <summary>The most dimensions of a tensor.</summary>
    public const int MaximumDimensions = 4;

    /// <summary>The most bytes of a tensor name in UTF-8.</summary>
    public const int MaximumNameBytes = 63;

    /// <summary>The name, unique in its file: <c>blk.0.attn_q.weight</c>.</summary>
    public string Name { get; }

    /// <summary>The element type.</summary>
    public GgmlType Type { get; }

    /// <summary>
    /// One to four dimensions in ggml order <c>[ne0, ne1, ...]</c>: ne0 is the length of a row, which is contiguous in memory.
    /// The weight of a linear layer is <c>[inputs, outputs]</c>. Trailing dimensions of one may be left out.
    /// </summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>The first byte of the data, from the start of the file.</summary>
    public long Offset { get; }

    /// <summary>Bytes of the data, without padding.</summary>
    public long ByteLength { get; }

    /// <summary>Number of values: the product of the shape.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, ne) => product * ne);

    /// <summary>Number of rows: the product of all dimensions but the first.</summary>
    public long RowCount => ElementCount / Shape[0];

    /// <summary>A dimension by its index 0 to 3; one that the shape leaves out is 1.</summary>
    public long Dimension(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, MaximumDimensions);
        return index < Shape.Length ? Shape[index] : 1;
    }

    /// <summary>The tensor in readable form: <c>blk.0.attn_q.weight q4_K [4096, 4096]</c>.</summary>
    public override string ToString() => $"{Name} {Type.Name()} [{string.Join(", ", Shape)}]";
}
