using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels;

/// <summary>
/// Converts rows of weights to F32. ggml's own conversions are compiled for any processor, and many work on one element at a time:
/// that would take up to half of the time of a training step. Here they are done by vectors, with the same result, bit for bit.
/// </summary>
internal static class Dequantizer
{
    /// <summary>Converts <paramref name="source"/>, whole blocks of <paramref name="type"/>, to F32.</summary>
    public static void Convert(GgmlTensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (type == GgmlTensorType.F16)
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
        else if (!Avx2.IsSupported || !TryConvert(type, source, destination))
            GgmlTypeTraits.Dequantize(type, source, destination);
    }

    private static bool TryConvert(GgmlTensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (type)
        {
            case GgmlTensorType.Q4_0: BlockFormat.Convert<SmallBlocks.Q4>(source, destination); return true;
            case GgmlTensorType.Q4_1: BlockFormat.Convert<SmallBlocks.Q4WithMinimum>(source, destination); return true;
            case GgmlTensorType.Q5_0: BlockFormat.Convert<SmallBlocks.Q5>(source, destination); return true;
            case GgmlTensorType.Q5_1: BlockFormat.Convert<SmallBlocks.Q5WithMinimum>(source, destination); return true;
            case GgmlTensorType.Q8_0: BlockFormat.Convert<SmallBlocks.Q8>(source, destination); return true;
            case GgmlTensorType.IQ4_NL: BlockFormat.Convert<SmallBlocks.Nonlinear>(source, destination); return true;
            case GgmlTensorType.MXFP4: BlockFormat.Convert<SmallBlocks.Microscaling>(source, destination); return true;
            case GgmlTensorType.Q2_K: BlockFormat.Convert<LargeBlocks.Q2>(source, destination); return true;
            case GgmlTensorType.Q3_K: BlockFormat.Convert<LargeBlocks.Q3>(source, destination); return true;
            case GgmlTensorType.Q4_K: BlockFormat.Convert<LargeBlocks.Q4>(source, destination); return true;
            case GgmlTensorType.Q5_K: BlockFormat.Convert<LargeBlocks.Q5>(source, destination); return true;
            case GgmlTensorType.Q6_K: BlockFormat.Convert<LargeBlocks.Q6>(source, destination); return true;
            case GgmlTensorType.IQ4_XS: BlockFormat.Convert<LargeBlocks.Nonlinear>(source, destination); return true;
            default: return false;
        }
    }
}
