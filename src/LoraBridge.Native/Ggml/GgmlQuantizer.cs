using LoraBridge.Formats;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>Quantises rows of F32 values.</summary>
internal static unsafe class GgmlQuantizer
{
    /// <summary>Whether <paramref name="type"/> cannot be made without an importance matrix.</summary>
    internal static bool RequiresImportanceMatrix(GgmlType type) => ggml_quantize_requires_imatrix(GgmlTypeTraits.Check(type));

    /// <summary>Whether ggml can make <paramref name="type"/> from F32 values.</summary>
    internal static bool CanQuantize(GgmlType type) =>
        type is GgmlType.F32 or GgmlType.F16 or GgmlType.BF16
        || (GgmlTypeTraits.IsQuantized(type) && type is not (GgmlType.Q8_1 or GgmlType.Q8_K));

    /// <summary>Quantises whole rows of <paramref name="rowLength"/> values into <paramref name="destination"/>.</summary>
    /// <param name="type">Type to make.</param>
    /// <param name="source">Rows, one after another.</param>
    /// <param name="destination">Exactly the bytes that the rows take.</param>
    /// <param name="rowLength">Values of a row, a whole number of blocks.</param>
    /// <param name="importance">Importance of each column, or empty.</param>
    internal static void Quantize(
        GgmlType type, ReadOnlySpan<float> source, Span<byte> destination, long rowLength, ReadOnlySpan<float> importance = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rowLength);
        if (!CanQuantize(type))
            throw new ArgumentException($"ggml cannot quantise to {type}.", nameof(type));
        if (source.Length % rowLength != 0)
            throw new ArgumentException($"{source.Length} values are no whole number of rows of {rowLength}.", nameof(source));
        GgmlTypeTraits.RowSize(type, rowLength);
        GgmlTypeTraits.CheckLengths(type, destination.Length, source.Length);
        if (!importance.IsEmpty && importance.Length != rowLength)
            throw new ArgumentException($"A row has {rowLength} values, the importance matrix {importance.Length}.", nameof(importance));
        if (importance.IsEmpty && RequiresImportanceMatrix(type))
            throw new ArgumentException($"{type} needs an importance matrix.", nameof(importance));
        if (source.IsEmpty)
            return;
        fixed (byte* to = destination)
        {
            // An empty span may still point somewhere; only the default one is null to native code.
            var weights = importance.IsEmpty ? default : importance;
            var written = ggml_quantize_chunk(type, source, to, 0, source.Length / rowLength, rowLength, weights);
            if (written != (nuint)destination.Length)
                throw new NativeException($"Quantising to {type} wrote {written} bytes; expected {destination.Length}.");
        }
    }
}
