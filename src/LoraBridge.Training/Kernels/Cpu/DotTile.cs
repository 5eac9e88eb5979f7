using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using LoraBridge.Native.Code;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>How fours of bytes, all with sign, are multiplied and added.</summary>
internal interface IDotProduct
{
    static abstract string Name { get; }

    /// <summary>Adds the products of each four of <paramref name="b"/> and one four of <paramref name="a"/>.</summary>
    static abstract Vector128<int> Add(Vector128<int> sums, Vector128<int> b, Vector128<int> a, [ConstantExpected(Max = (byte)3)] byte index);
}

/// <summary>ARMv8.2's dot products, and later processors'; the variable <c>DOTNET_EnableArm64Dp=0</c> has .NET do without them.</summary>
internal readonly struct SignedDot : IDotProduct
{
    public static string Name => "sdot";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> sums, Vector128<int> b, Vector128<int> a, [ConstantExpected(Max = (byte)3)] byte index) =>
        Dp.DotProductBySelectedQuadruplet(sums, b.AsSByte(), a.AsSByte(), index);
}

/// <summary>
/// Products of bytes with sign: vectors of 128 bits, of which the sums of six rows and eight columns take twelve. Numbers of 12 bits are multiplied as two
/// halves, x = 64 h + l, by three products of bytes instead of four (Karatsuba and Ofman, 1962):
/// x y = 4096 hh' + 64 ((h + l)(h' + l') - hh' - ll') + ll' = 4032 hh' + 64 (h + l)(h' + l') - 63 ll'.
/// </summary>
/// <remarks>
/// The three planes go into the same sums one after the other: between them the sums are multiplied so that each plane comes to its factor in the end. All
/// is reckoned modulo 2³², where 63 has an inverse; what the sum is without the modulus fits 32 bits, so it is right.
/// </remarks>
/// <param name="element">Bytes, or numbers of 12 bits in halves.</param>
internal sealed class DotTile<TDot>(TileElement element) : IntegerTile where TDot : struct, IDotProduct
{
    /// <summary>64 / -63 modulo 2³².</summary>
    private const int Ratio = 0x41041040;

    private const int Rows = ProductTile.Rows, Columns = 8, Stride = ProductTile.GroupColumns, Tile = ProductTile.Columns;

    public override TileElement Element => element;

    public override string Name => element == TileElement.SignedInt8 ? TDot.Name : $"{TDot.Name} (halves)";

    public override void Multiply(
        ReadOnlySpan<int> strips, int stripStride, int rowWords, int rows, Panel panel, int words, int tiles, Span<float> sums)
    {
        // A part of B stays in the first-level cache for all rows of A.
        for (var n = 0; n < tiles * Tile; n += Columns)
            for (var row = 0; row < rows; row += Rows)
            {
                // The loops below go through references: these slices are their only bounds checks.
                var strip = strips[(row / Rows * stripStride)..];
                ref var a = ref Unsafe.AsRef(in strip.Slice(0, (Rows - 1) * rowWords + words)[0]);
                ref var b = ref panel.Words.Slice(n / Tile * words * Tile, words * Tile)[n % Tile];
                ref var s = ref Unsafe.AsRef(in RowScales(strip, rowWords)[0]);
                ref var t = ref panel.Scales.Slice(n, Columns)[0];
                ref var c = ref sums.Slice(row * Stride + n, (Rows - 1) * Stride + Columns)[0];
                if (element == TileElement.SignedInt8)
                    Multiply(ref a, (nuint)rowWords, ref b, words, [1], ref s, ref t, ref c);
                else
                    Multiply(ref a, (nuint)rowWords, ref b, words / WordLayout.Planes, [63, Ratio, -63], ref s, ref t, ref c);
            }
    }

    /// <param name="a">Six rows of words, plane after plane.</param>
    /// <param name="row">Distance between rows.</param>
    /// <param name="b">Rows of 32 words, of which these columns are the first; plane after plane.</param>
    /// <param name="fours">Words of a plane, a multiple of four.</param>
    /// <param name="factors">For each plane, what sums are multiplied by after it.</param>
    /// <param name="s">By row, what an integer stands for.</param>
    /// <param name="t">By column, what an integer stands for.</param>
    /// <param name="c">What is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(
        ref int a, nuint row, ref int b, int fours, ReadOnlySpan<int> factors, ref float s, ref float t, ref float c)
    {
        Vector128<int> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector128<int> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        ref var lower = ref Unsafe.Add(ref a, 3 * row);
        var row2 = 2 * row;
        foreach (var factor in factors)
        {
            for (var four = 0; four < fours; four += 4)
            {
                var (x0, x1, x2) = (Vector128.LoadUnsafe(ref a), Vector128.LoadUnsafe(ref a, row), Vector128.LoadUnsafe(ref a, row2));
                var (x3, x4, x5) = (Vector128.LoadUnsafe(ref lower), Vector128.LoadUnsafe(ref lower, row), Vector128.LoadUnsafe(ref lower, row2));
                var (left, right) = (Vector128.LoadUnsafe(ref b), Vector128.LoadUnsafe(ref b, 4));
                (c00, c01) = (TDot.Add(c00, left, x0, 0), TDot.Add(c01, right, x0, 0));
                (c10, c11) = (TDot.Add(c10, left, x1, 0), TDot.Add(c11, right, x1, 0));
                (c20, c21) = (TDot.Add(c20, left, x2, 0), TDot.Add(c21, right, x2, 0));
                (c30, c31) = (TDot.Add(c30, left, x3, 0), TDot.Add(c31, right, x3, 0));
                (c40, c41) = (TDot.Add(c40, left, x4, 0), TDot.Add(c41, right, x4, 0));
                (c50, c51) = (TDot.Add(c50, left, x5, 0), TDot.Add(c51, right, x5, 0));
                (left, right) = (Vector128.LoadUnsafe(ref b, Tile), Vector128.LoadUnsafe(ref b, Tile + 4));
                (c00, c01) = (TDot.Add(c00, left, x0, 1), TDot.Add(c01, right, x0, 1));
                (c10, c11) = (TDot.Add(c10, left, x1, 1), TDot.Add(c11, right, x1, 1));
                (c20, c21) = (TDot.Add(c20, left, x2, 1), TDot.Add(c21, right, x2, 1));
                (c30, c31) = (TDot.Add(c30, left, x3, 1), TDot.Add(c31, right, x3, 1));
                (c40, c41) = (TDot.Add(c40, left, x4, 1), TDot.Add(c41, right, x4, 1));
                (c50, c51) = (TDot.Add(c50, left, x5, 1), TDot.Add(c51, right, x5, 1));
                (left, right) = (Vector128.LoadUnsafe(ref b, 2 * Tile), Vector128.LoadUnsafe(ref b, 2 * Tile + 4));
                (c00, c01) = (TDot.Add(c00, left, x0, 2), TDot.Add(c01, right, x0, 2));
                (c10, c11) = (TDot.Add(c10, left, x1, 2), TDot.Add(c11, right, x1, 2));
                (c20, c21) = (TDot.Add(c20, left, x2, 2), TDot.Add(c21, right, x2, 2));
                (c30, c31) = (TDot.Add(c30, left, x3, 2), TDot.Add(c31, right, x3, 2));
                (c40, c41) = (TDot.Add(c40, left, x4, 2), TDot.Add(c41, right, x4, 2));
                (c50, c51) = (TDot.Add(c50, left, x5, 2), TDot.Add(c51, right, x5, 2));
                (left, right) = (Vector128.LoadUnsafe(ref b, 3 * Tile), Vector128.LoadUnsafe(ref b, 3 * Tile + 4));
                (c00, c01) = (TDot.Add(c00, left, x0, 3), TDot.Add(c01, right, x0, 3));
                (c10, c11) = (TDot.Add(c10, left, x1, 3), TDot.Add(c11, right, x1, 3));
                (c20, c21) = (TDot.Add(c20, left, x2, 3), TDot.Add(c21, right, x2, 3));
                (c30, c31) = (TDot.Add(c30, left, x3, 3), TDot.Add(c31, right, x3, 3));
                (c40, c41) = (TDot.Add(c40, left, x4, 3), TDot.Add(c41, right, x4, 3));
                (c50, c51) = (TDot.Add(c50, left, x5, 3), TDot.Add(c51, right, x5, 3));
                a = ref Unsafe.Add(ref a, 4);
                lower = ref Unsafe.Add(ref lower, 4);
                b = ref Unsafe.Add(ref b, 4 * Tile);
            }
            var all = Vector128.Create(factor);
            (c00, c01, c10, c11, c20, c21) = (c00 * all, c01 * all, c10 * all, c11 * all, c20 * all, c21 * all);
            (c30, c31, c40, c41, c50, c51) = (c30 * all, c31 * all, c40 * all, c41 * all, c50 * all, c51 * all);
        }
        Add(ref c, 0, c00, c01, ref t, s);
        Add(ref c, 1, c10, c11, ref t, Unsafe.Add(ref s, 1));
        Add(ref c, 2, c20, c21, ref t, Unsafe.Add(ref s, 2));
        Add(ref c, 3, c30, c31, ref t, Unsafe.Add(ref s, 3));
        Add(ref c, 4, c40, c41, ref t, Unsafe.Add(ref s, 4));
        Add(ref c, 5, c50, c51, ref t, Unsafe.Add(ref s, 5));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref float c, nuint row, Vector128<int> left, Vector128<int> right, ref float t, float s)
    {
        var (scale, offset) = (Vector128.Create(s), row * Stride);
        var (low, high) = (Vector128.LoadUnsafe(ref t) * scale, Vector128.LoadUnsafe(ref t, 4) * scale);
        Vector128.FusedMultiplyAdd(Vector128.ConvertToSingle(left), low, Vector128.LoadUnsafe(ref c, offset)).StoreUnsafe(ref c, offset);
        Vector128.FusedMultiplyAdd(Vector128.ConvertToSingle(right), high, Vector128.LoadUnsafe(ref c, offset + 4)).StoreUnsafe(ref c, offset + 4);
    }
}
