using System.Collections.Immutable;

namespace LoraBridge.Formats;

/// <summary>The name, type, shape and place of one tensor of a safetensors file.</summary>
public sealed record SafetensorsTensorInfo : ITensorLocation
{
    internal SafetensorsTensorInfo(string name, SafetensorsType type, ImmutableArray<long> shape, long offset, long byteLength)
    {
        Name = name;
        Type = type;
        Shape = shape;
        Offset = offset;
        ByteLength = byteLength;
    }

    /// <summary>The name, unique in its file.</summary>
    public string Name { get; }

    /// <summary>The element type.</summary>
    public SafetensorsType Type { get; }

    /// <summary>
    /// The dimensions in the order of PyTorch: the last is contiguous in memory, so this is the reverse of a GGUF shape. The
    /// weight of a linear layer is <c>[outputs, inputs]</c>. A scalar has none.
    /// </summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>The first byte of the data, from the start of the file.</summary>
    public long Offset { get; }

    /// <summary>Bytes of the data.</summary>
    public long ByteLength { get; }

    /// <summary>Number of values: the product of the shape.</summary>
    public long ElementCount => ByteLength / Type.Size();

    /// <summary>The tensor in readable form: <c>model.norm.weight BF16 [4096]</c>.</summary>
    public override string ToString() => $"{Name} {Type.Name()} [{string.Join(", ", Shape)}]";

    /// <summary>Bytes of a tensor, or null when a dimension is negative or the product too large.</summary>
    internal static long? ByteLengthOf(SafetensorsType type, ReadOnlySpan<long> shape)
    {
        UInt128 bytes = (UInt128)type.Size();
        foreach (var dimension in shape)
        {
            if (dimension < 0)
                return null;
            bytes *= (UInt128)dimension;
            if (bytes > long.MaxValue)
                return null;
        }

        return (long)bytes;
    }
}
