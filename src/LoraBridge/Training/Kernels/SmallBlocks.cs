using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static LoraBridge.Training.Kernels.BlockLanes;

namespace LoraBridge.Training.Kernels;

/// <summary>
/// Types with blocks of 32: a scale d, perhaps a smallest number m or fifth bits, then, but for 8 bits, two elements to a byte, the first
/// 16 in the low halves. The formulas are ggml's, operation for operation.
/// </summary>
internal static class SmallBlocks
{
    /// <summary>d in F16, 16 bytes: x = d (q - 8).</summary>
    public readonly struct Q4 : IBlockFormat
    {
        public static int Elements => 32;

        public static int Bytes => 18;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Convert(ReadOnlySpan<byte> from, Span<float> to)
        {
            var (scale, packed) = (Float16(from, 0), Vector128.Create(from[2..]));
            Store(LowHalves(packed).AsSByte() - Vector128.Create((sbyte)8), scale, ref to[0]);
            Store(HighHalves(packed).AsSByte() - Vector128.Create((sbyte)8), scale, ref to[16]);
        }
    }

    /// <summary>d and m in F16, 16 bytes: x = d q + m.</summary>
    public readonly struct Q4WithMinimum : IBlockFormat
    {
        public static int Elements => 32;

        public static int Bytes => 20;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Convert(ReadOnlySpan<byte> from, Span<float> to)
        {
            var (scale, minimum, packed) = (Float16(from, 0), Float16(from, 2), Vector128.Create(from[4..]));
            Store(LowHalves(packed), scale, minimum, ref to[0]);
            Store(HighHalves(packed), scale, minimum, ref to[16]);
        }
    }

    /// <summary>d in F16, fifth bits, 16 bytes: x = d (q - 16).</summary>
    public readonly struct Q5 : IBlockFormat
    {
        public static int Elements => 32;

        public static int Bytes => 22;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Convert(ReadOnlySpan<byte> from, Span<float> to)
        {
            var scale = Float16(from, 0);
            var (low, high) = FiveBits(from[2..]);
            Store(low.AsSByte() - Vector128.Create((sbyte)16), scale, ref to[0]);
            Store(high.AsSByte() - Vector128.Create((sbyte)16), scale, ref to[16]);
        }
    }

    /// <summary>d and m in F16, fifth bits, 16 bytes: x = d q + m.</summary>
    public readonly struct Q5WithMinimum : IBlockFormat
    {
        public static int Elements => 32;

        public static int Bytes => 24;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Convert(ReadOnlySpan<byte> from, Span<float> to)
        {
            var (scale, minimum) = (Float16(from, 0), Float16(from, 2));
            var (low, high) = FiveBits(from[4..]);
            Store(low, scale, minimum, ref to[0]);
            Store(high, scale, minimum, ref to[16]);
        }
    }

    /// <summary>d in F16, 32 bytes: x = d q.</summary>
    public readonly struct Q8 : IBlockFormat
    {
        public static int Elements => 32;

        public static int Bytes => 34;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Convert(ReadOnlySpan<byte> from, Span<float> to)
        {
            var scale = Float16(from, 0);
            Store(Vector128.Create(from[2..]).AsSByte(), scale, ref to[0]);
            Store(Vector128.Create(from[18..]).AsSByte(), scale, ref to[16]);
        }
    }

    /// <summary>IQ4_NL: d in F16, 16 bytes of codes: x = d table[q].</summary>
    public readonly struct Nonlinear : IBlockFormat
    {
        public static int Elements => 32;

        public static int Bytes => 18;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Convert(ReadOnlySpan<byte> from, Span<float> to)
        {
            var (scale, packed) = (Float16(from, 0), Vector128.Create(from[2..]));
            Store(LookUp(NonlinearTable, LowHalves(packed)), scale, ref to[0]);
            Store(LookUp(NonlinearTable, HighHalves(packed)), scale, ref to[16]);
        }
    }

    /// <summary>MXFP4: an exponent e of 8 bits, 16 bytes of codes: x = 2^(e - 128) table[q].</summary>
    public readonly struct Microscaling : IBlockFormat
    {
        public static int Elements => 32;

        public static int Bytes => 17;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Convert(ReadOnlySpan<byte> from, Span<float> to)
        {
            // The two smallest powers are below the normal numbers.
            var scale = BitConverter.Int32BitsToSingle(from[0] < 2 ? 0x00200000 << from[0] : (from[0] - 1) << 23);
            var packed = Vector128.Create(from[1..]);
            Store(LookUp(TwiceFloat4, LowHalves(packed)), scale, ref to[0]);
            Store(LookUp(TwiceFloat4, HighHalves(packed)), scale, ref to[16]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<byte> Low, Vector128<byte> High) FiveBits(ReadOnlySpan<byte> from)
    {
        var packed = Vector128.Create(from[4..]);
        return (
            LowHalves(packed) | Spread(MemoryMarshal.Read<ushort>(from), 0x10),
            HighHalves(packed) | Spread(MemoryMarshal.Read<ushort>(from[2..]), 0x10));
    }
}
