using LoraBridge.Formats;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>Block layout of the element types, and conversion of rows from and to F32.</summary>
internal static unsafe class GgmlTypeTraits
{
    /// <summary>Elements of one block; 1 for types that are not quantised.</summary>
    internal static long BlockSize(GgmlType type) => ggml_blck_size(Check(type));

    /// <summary>Bytes of one block.</summary>
    internal static long TypeSize(GgmlType type) => (long)ggml_type_size(Check(type));

    internal static bool IsQuantized(GgmlType type) => ggml_is_quantized(Check(type));

    /// <summary>Bytes of <paramref name="elements"/> consecutive elements, a whole number of blocks.</summary>
    internal static long RowSize(GgmlType type, long elements)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elements);
        var block = BlockSize(type);
        if (elements % block != 0)
            throw new ArgumentException($"{type} comes in blocks of {block} elements; found a row of {elements}.", nameof(elements));
        return checked(elements / block * TypeSize(type));
    }

    /// <summary>Whether <see cref="Dequantize"/> supports <paramref name="type"/>.</summary>
    internal static bool CanDequantize(GgmlType type) =>
        type == GgmlType.F32 || ggml_get_type_traits(Check(type))->to_float != null;

    /// <summary>Converts <paramref name="source"/>, whole blocks of <paramref name="type"/>, to F32.</summary>
    /// <exception cref="ArgumentException">The lengths do not match, or the type has no conversion.</exception>
    internal static void Dequantize(GgmlType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        CheckLengths(type, source.Length, destination.Length);
        if (destination.IsEmpty)
            return;
        fixed (byte* from = source)
        fixed (float* to = destination)
        {
            if (type == GgmlType.F32)
            {
                source.CopyTo(new Span<byte>(to, source.Length));
                return;
            }
            var convert = ggml_get_type_traits(type)->to_float;
            if (convert == null)
                throw new ArgumentException($"ggml has no conversion from {type} to F32.", nameof(type));
            convert(from, to, destination.Length);
        }
    }

    /// <summary>Throws unless <paramref name="bytes"/> bytes of <paramref name="type"/> are exactly <paramref name="elements"/> elements.</summary>
    internal static void CheckLengths(GgmlType type, long bytes, long elements)
    {
        var expected = RowSize(type, elements);
        if (bytes != expected)
            throw new ArgumentException($"{elements} elements of {type} take {expected} bytes; found {bytes}.");
    }

    /// <summary>Throws unless ggml knows <paramref name="type"/>: it reads past a table's end otherwise.</summary>
    internal static GgmlType Check(GgmlType type) =>
        Enum.IsDefined(type) ? type : throw new ArgumentOutOfRangeException(nameof(type), type, "Not a ggml element type.");
}
