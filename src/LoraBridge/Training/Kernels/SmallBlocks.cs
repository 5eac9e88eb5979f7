using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static LoraBridge.Training.Kernels.BlockLanes;

namespace LoraBridge.Training.Kernels;

/// <summary>
/// Conversion of types with blocks of 32: a scale d, perhaps a smallest number m or fifth bits, then two elements to a byte, the first
/// 16 in the low halves. The formulas are ggml's, operation for operation.
/// </summary>
internal static class SmallBlocks
{
    private const int Elements = 32;

    /// <summary>d in F16, 16 bytes: x = d (q - 8).</summary>
    public static void ConvertQ4(ReadOnlySpan<byte> source, Span<float> destination)
    {
        const int Bytes = 18;
        for (var block = 0; block * Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Bytes, Bytes);
            ref var to = ref destination.Slice(block * Elements, Elements)[0];
            var (scale, packed) = (Vector256.Create(Float16(from, 0)), Vector128.Create(from[2..]));
            Store(LowHalves(packed).AsSByte() - Vector128.Create((sbyte)8), scale, ref to);
            Store(HighHalves(packed).AsSByte() - Vector128.Create((sbyte)8), scale, ref Second(ref to));
        }
    }

    /// <summary>d and m in F16, 16 bytes: x = d q + m.</summary>
    public static void ConvertQ4WithMinimum(ReadOnlySpan<byte> source, Span<float> destination)
    {
        const int Bytes = 20;
        for (var block = 0; block * Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Bytes, Bytes);
            ref var to = ref destination.Slice(block * Elements, Elements)[0];
            var (scale, minimum, packed) = (Vector256.Create(Float16(from, 0)), Vector256.Create(Float16(from, 2)), Vector128.Create(from[4..]));
            Store(LowHalves(packed), scale, minimum, ref to);
            Store(HighHalves(packed), scale, minimum, ref Second(ref to));
        }
    }

    /// <summary>d in F16, fifth bits, 16 bytes: x = d (q - 16).</summary>
    public static void ConvertQ5(ReadOnlySpan<byte> source, Span<float> destination)
    {
        const int Bytes = 22;
        for (var block = 0; block * Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Bytes, Bytes);
            ref var to = ref destination.Slice(block * Elements, Elements)[0];
            var scale = Vector256.Create(Float16(from, 0));
            var (low, high) = FiveBits(from[2..]);
            Store(low.AsSByte() - Vector128.Create((sbyte)16), scale, ref to);
            Store(high.AsSByte() - Vector128.Create((sbyte)16), scale, ref Second(ref to));
        }
    }

    /// <summary>d and m in F16, fifth bits, 16 bytes: x = d q + m.</summary>
    public static void ConvertQ5WithMinimum(ReadOnlySpan<byte> source, Span<float> destination)
    {
        const int Bytes = 24;
        for (var block = 0; block * Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Bytes, Bytes);
            ref var to = ref destination.Slice(block * Elements, Elements)[0];
            var (scale, minimum) = (Vector256.Create(Float16(from, 0)), Vector256.Create(Float16(from, 2)));
            var (low, high) = FiveBits(from[4..]);
            Store(low, scale, minimum, ref to);
            Store(high, scale, minimum, ref Second(ref to));
        }
    }

    /// <summary>IQ4_NL: d in F16, 16 bytes of codes: x = d table[q].</summary>
    public static void ConvertNonlinear(ReadOnlySpan<byte> source, Span<float> destination)
    {
        const int Bytes = 18;
        for (var block = 0; block * Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Bytes, Bytes);
            ref var to = ref destination.Slice(block * Elements, Elements)[0];
            var (scale, packed) = (Vector256.Create(Float16(from, 0)), Vector128.Create(from[2..]));
            Store(LookUp(Nonlinear, LowHalves(packed)), scale, ref to);
            Store(LookUp(Nonlinear, HighHalves(packed)), scale, ref Second(ref to));
        }
    }

    /// <summary>MXFP4: an exponent e of 8 bits, 16 bytes of codes: x = 2^(e - 128) table[q].</summary>
    public static void ConvertMicroscaling(ReadOnlySpan<byte> source, Span<float> destination)
    {
        const int Bytes = 17;
        for (var block = 0; block * Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Bytes, Bytes);
            ref var to = ref destination.Slice(block * Elements, Elements)[0];
            // The two smallest powers are below the normal numbers.
            var scale = Vector256.Create(BitConverter.Int32BitsToSingle(from[0] < 2 ? 0x00200000 << from[0] : (from[0] - 1) << 23));
            var packed = Vector128.Create(from[1..]);
            Store(LookUp(TwiceFloat4, LowHalves(packed)), scale, ref to);
            Store(LookUp(TwiceFloat4, HighHalves(packed)), scale, ref Second(ref to));
        }
    }

    private static (Vector128<byte> Low, Vector128<byte> High) FiveBits(ReadOnlySpan<byte> from)
    {
        var packed = Vector128.Create(from[4..]);
        return (
            LowHalves(packed) | Spread(MemoryMarshal.Read<ushort>(from), 0x10),
            HighHalves(packed) | Spread(MemoryMarshal.Read<ushort>(from[2..]), 0x10));
    }

    private static ref float Second(ref float to) => ref System.Runtime.CompilerServices.Unsafe.Add(ref to, Elements / 2);

    private static float Float16(ReadOnlySpan<byte> from, int at) => (float)MemoryMarshal.Read<Half>(from[at..]);
}
