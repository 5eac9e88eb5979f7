using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>Conversions between F32 and the 16-bit float types, rounding as ggml does. BF16 values are given by their bits.</summary>
internal static class GgmlFloats
{
    internal static void HalfToSingle(ReadOnlySpan<Half> source, Span<float> destination)
    {
        CheckLengths(source.Length, destination.Length);
        ggml_fp16_to_fp32_row(source, destination, source.Length);
    }

    internal static void SingleToHalf(ReadOnlySpan<float> source, Span<Half> destination)
    {
        CheckLengths(source.Length, destination.Length);
        ggml_fp32_to_fp16_row(source, destination, source.Length);
    }

    internal static void BFloat16ToSingle(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        CheckLengths(source.Length, destination.Length);
        ggml_bf16_to_fp32_row(source, destination, source.Length);
    }

    internal static void SingleToBFloat16(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        CheckLengths(source.Length, destination.Length);
        ggml_fp32_to_bf16_row(source, destination, source.Length);
    }

    private static void CheckLengths(int source, int destination)
    {
        if (source != destination)
            throw new ArgumentException($"{source} values do not fit a destination of {destination}.");
    }
}
