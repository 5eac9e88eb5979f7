using System.Text;

namespace LoraBridge.Formats;

/// <summary>What a tensor must obey, checked alike when a file is read and when one is written.</summary>
internal static class GgufTensorRules
{
    /// <summary>What is wrong with a name, or null.</summary>
    public static string? DescribeNameFault(string name)
    {
        if (name.Length == 0)
            return "tensor name is empty";
        if (name.Contains('\0', StringComparison.Ordinal))
            return $"tensor name '{name.Replace('\0', '?')}' contains a NUL character";
        var bytes = Encoding.UTF8.GetByteCount(name);
        return bytes <= GgufTensorInfo.MaximumNameBytes
            ? null
            : $"tensor name '{name}' has {bytes} bytes, expected at most {GgufTensorInfo.MaximumNameBytes}";
    }

    /// <summary>What is wrong with a type and shape, or null; then <paramref name="byteLength"/> is the size of the data.</summary>
    public static string? DescribeShapeFault(string name, GgmlType type, ReadOnlySpan<long> shape, out long byteLength)
    {
        byteLength = 0;
        if (!type.IsDefined())
            return $"tensor '{name}' has type {(int)type}, which no ggml type has";
        if (shape.Length is 0 or > GgufTensorInfo.MaximumDimensions)
            return $"tensor '{name}' has {shape.Length} dimensions, expected 1 to {GgufTensorInfo.MaximumDimensions}";

        UInt128 elements = 1;
        for (var i = 0; i < shape.Length; i++)
        {
            if (shape[i] <= 0)
                return $"tensor '{name}' has {shape[i]} elements in dimension {i}, expected at least 1";
            elements *= (UInt128)shape[i];
            if (elements > long.MaxValue)
                return $"tensor '{name}' has {Describe(shape)} elements, expected a product below 2^63";
        }

        if (shape[0] % type.BlockSize() != 0)
        {
            return $"tensor '{name}' has rows of {shape[0]} elements, "
                + $"expected a multiple of {type.BlockSize()} for type {type.Name()}";
        }

        var bytes = elements / (UInt128)type.BlockSize() * (UInt128)type.TypeSize();
        if (bytes > long.MaxValue)
            return $"tensor '{name}' of type {type.Name()} has {bytes} bytes, expected less than 2^63";
        byteLength = (long)bytes;
        return null;
    }

    /// <summary>Rounds a position up to the alignment, a power of two.</summary>
    /// <exception cref="OverflowException">The result exceeds <see cref="long.MaxValue"/>.</exception>
    public static long Align(long position, int alignment) => checked((position + alignment - 1) & -alignment);

    private static string Describe(ReadOnlySpan<long> shape) => string.Join(" x ", shape.ToArray());
}
