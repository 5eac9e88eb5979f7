using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Training.Kernels;

/// <summary>What conversions of quantised blocks have in common: 16 elements at a time, for processors with AVX2.</summary>
internal static class BlockLanes
{
    /// <summary>What the 16 codes of the non-linear 4-bit types stand for.</summary>
    public static Vector128<sbyte> Nonlinear => Vector128.Create(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

    /// <summary>Twice the numbers of 4 bits with an exponent of 2 and a mantissa of 1.</summary>
    public static Vector128<sbyte> TwiceFloat4 => Vector128.Create(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

    public static Vector128<byte> LowHalves(Vector128<byte> bytes) => bytes & Vector128.Create((byte)0xF);

    public static Vector128<byte> HighHalves(Vector128<byte> bytes) => bytes >>> 4;

    /// <summary>The table's number for each code below 16.</summary>
    public static Vector128<sbyte> LookUp(Vector128<sbyte> table, Vector128<byte> codes) => Ssse3.Shuffle(table, codes.AsSByte());

    /// <summary>Bytes that are <paramref name="value"/> where the bit of their index is set in <paramref name="bits"/>, else 0.</summary>
    public static Vector128<byte> Spread(ushort bits, byte value)
    {
        var both = Ssse3.Shuffle(Vector128.Create(bits).AsByte(), Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1));
        var single = Vector128.Create((byte)1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);
        return Vector128.Equals(both & single, single) & Vector128.Create(value);
    }

    /// <summary>x = s q.</summary>
    public static void Store(Vector128<sbyte> integers, Vector256<float> scale, ref float to)
    {
        var (low, high) = Widen(integers);
        (low * scale).StoreUnsafe(ref to);
        (high * scale).StoreUnsafe(ref to, 8);
    }

    /// <summary>x = s q + c.</summary>
    public static void Store(Vector128<byte> integers, Vector256<float> scale, Vector256<float> constant, ref float to)
    {
        var (low, high) = Widen(integers.AsSByte());
        (low * scale + constant).StoreUnsafe(ref to);
        (high * scale + constant).StoreUnsafe(ref to, 8);
    }

    private static (Vector256<float> Low, Vector256<float> High) Widen(Vector128<sbyte> integers)
    {
        var low = Avx2.ConvertToVector256Int32(integers);
        var high = Avx2.ConvertToVector256Int32(Sse2.ShiftRightLogical128BitLane(integers, 8));
        return (Vector256.ConvertToSingle(low), Vector256.ConvertToSingle(high));
    }
}
