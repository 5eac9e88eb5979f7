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
            case GgmlTensorType.Q4_0: SmallBlocks.ConvertQ4(source, destination); return true;
            case GgmlTensorType.Q4_1: SmallBlocks.ConvertQ4WithMinimum(source, destination); return true;
            case GgmlTensorType.Q5_0: SmallBlocks.ConvertQ5(source, destination); return true;
            case GgmlTensorType.Q5_1: SmallBlocks.ConvertQ5WithMinimum(source, destination); return true;
            case GgmlTensorType.IQ4_NL: SmallBlocks.ConvertNonlinear(source, destination); return true;
            case GgmlTensorType.MXFP4: SmallBlocks.ConvertMicroscaling(source, destination); return true;
            case GgmlTensorType.Q2_K: LargeBlocks.ConvertQ2(source, destination); return true;
            case GgmlTensorType.Q3_K: LargeBlocks.ConvertQ3(source, destination); return true;
            case GgmlTensorType.Q4_K: LargeBlocks.ConvertQ4(source, destination); return true;
            case GgmlTensorType.Q5_K: LargeBlocks.ConvertQ5(source, destination); return true;
            case GgmlTensorType.Q6_K: LargeBlocks.ConvertQ6(source, destination); return true;
            case GgmlTensorType.IQ4_XS: LargeBlocks.ConvertNonlinear(source, destination); return true;
            default: return false;
        }
    }
}
