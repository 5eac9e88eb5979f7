using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels;

/// <summary>
/// Converts rows of weights to F32. ggml's own conversions of some types work on one element at a time, which would take a fifth of
/// the time of a training step: those are done here, with the same result, bit for bit.
/// </summary>
internal static class Dequantizer
{
    private const int Q4Bytes = 18, Q4Elements = 32, Q6Bytes = 210, Q6Elements = 256;

    /// <summary>Converts <paramref name="source"/>, whole blocks of <paramref name="type"/>, to F32.</summary>
    public static void Convert(GgmlTensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (type == GgmlTensorType.F16)
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
        else if (type == GgmlTensorType.Q4_0 && Avx2.IsSupported)
            ConvertQ4(source, destination);
        else if (type == GgmlTensorType.Q6_K && Avx2.IsSupported)
            ConvertQ6(source, destination);
        else
            GgmlTypeTraits.Dequantize(type, source, destination);
    }

    /// <summary>Blocks of 32: a scale d in F16, then two elements to a byte, the first 16 in the low halves: x = d (q - 8).</summary>
    private static void ConvertQ4(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (var block = 0; block * Q4Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Q4Bytes, Q4Bytes);
            ref var to = ref destination.Slice(block * Q4Elements, Q4Elements)[0];
            var d = Vector256.Create((float)MemoryMarshal.Read<Half>(from));
            var packed = Vector128.Create(from[sizeof(ushort)..]);
            var low = (packed & Vector128.Create((byte)0xF)).AsSByte() - Vector128.Create((sbyte)8);
            var high = (packed >>> 4).AsSByte() - Vector128.Create((sbyte)8);
            Store(low, d, ref to);
            Store(high, d, ref Unsafe.Add(ref to, 16));
        }
    }

    /// <summary>
    /// Blocks of 256 in two halves: for each 64 bytes of low halves, 32 bytes with two more bits of four elements each, 8 scales of 8 bits for
    /// 16 elements each; after all of them a scale d in F16: x = d s (q - 32).
    /// </summary>
    private static void ConvertQ6(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (var block = 0; block * Q6Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Q6Bytes, Q6Bytes);
            var d = (float)MemoryMarshal.Read<Half>(from[208..]);
            for (var half = 0; half < 2; half++)
                ConvertQ6(
                    from.Slice(64 * half, 64), from.Slice(128 + 32 * half, 32), MemoryMarshal.Cast<byte, sbyte>(from.Slice(192 + 8 * half, 8)), d,
                    destination.Slice(block * Q6Elements + 128 * half, 128));
        }
    }

    private static void ConvertQ6(ReadOnlySpan<byte> low, ReadOnlySpan<byte> high, ReadOnlySpan<sbyte> scales, float d, Span<float> destination)
    {
        for (var part = 0; part < 2; part++)
        {
            var bits = Vector128.Create(high[(16 * part)..]);
            var (a, b) = (Vector128.Create(low[(16 * part)..]), Vector128.Create(low[(32 + 16 * part)..]));
            for (var quarter = 0; quarter < 4; quarter++)
            {
                var four = quarter % 2 == 0 ? a : b;
                four = quarter < 2 ? four & Vector128.Create((byte)0xF) : four >>> 4;
                var two = ((bits >>> (2 * quarter)) & Vector128.Create((byte)3)) << 4;
                var scale = Vector256.Create(d * scales[2 * quarter + part]);
                Store((four | two).AsSByte() - Vector128.Create((sbyte)32), scale, ref destination.Slice(32 * quarter + 16 * part, 16)[0]);
            }
        }
    }

    private static void Store(Vector128<sbyte> integers, Vector256<float> scale, ref float to)
    {
        var low = Avx2.ConvertToVector256Int32(integers);
        var high = Avx2.ConvertToVector256Int32(Vector128.Shuffle(integers.AsInt64(), Vector128.Create(1L, 1L)).AsSByte());
        (Vector256.ConvertToSingle(low) * scale).StoreUnsafe(ref to);
        (Vector256.ConvertToSingle(high) * scale).StoreUnsafe(ref to, 8);
    }
}
