using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using LoraBridge.Native.Code;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// The innermost loop of products in integers: tiles C[6, 32] += s A[6, k] B[k, 32] t on packed words. The place where it is chosen what computes it:
/// code assembled at run time for AVX-512 VNNI and for AVX2, or .NET's intrinsics for AVX-VNNI, AVX-512, AVX2 and ARM64's dot products.
/// </summary>
internal abstract class IntegerTile
{
    /// <summary>Set to 0, no code is assembled at run time.</summary>
    public const string SwitchVariable = "LORABRIDGE_ASSEMBLED_KERNELS";

    /// <summary>What words hold, see <see cref="WordLayout"/>.</summary>
    public abstract TileElement Element { get; }

    /// <summary>The instruction that multiplies.</summary>
    public abstract string Name { get; }

    /// <summary>Whether this processor has what the slowest of them needs.</summary>
    public static bool IsSupported => Avx2.IsSupported || HasDots;

    /// <summary>Whether ARM64's dot products are there and compute what they should.</summary>
    private static bool HasDots { get; } = AdvSimd.Arm64.IsSupported && Dp.IsSupported
        && TileCheck.Agrees(new DotTile<SignedDot>(TileElement.SplitInt12)) && TileCheck.Agrees(new DotTile<SignedDot>(TileElement.SignedInt8));

    /// <summary>The fastest on this processor for numbers of so many bits; what its words hold may be something else.</summary>
    public static IntegerTile Best(TileElement element)
    {
        if (Environment.GetEnvironmentVariable(SwitchVariable) == "0")
            return ForIntrinsics(element);
        if (AssembledTile.TryCreate(element == TileElement.Int8 ? TileInstruction.Vpdpbusd : TileInstruction.Vpdpwssd) is { } fused)
            return fused;
        var intrinsics = ForIntrinsics(element);
        return intrinsics is VectorTile<Pairs> && AssembledTile.TryCreate(TileInstruction.Vpmaddwd) is { } pairs ? pairs : intrinsics;
    }

    /// <summary>The fastest of those that are written in C#.</summary>
    public static IntegerTile ForIntrinsics(TileElement element) => HasDots
        ? new DotTile<SignedDot>(element == TileElement.Int8 ? TileElement.SignedInt8 : TileElement.SplitInt12)
        : element == TileElement.Int8 && AvxVnni.IsSupported && !Avx512BW.IsSupported
        ? new VectorTile<BytesByVnni>()
        : Avx512BW.IsSupported ? new WideTile() : AvxVnni.IsSupported ? new VectorTile<PairsByVnni>() : new VectorTile<Pairs>();

    /// <summary>sums += s A B t for some strips of A.</summary>
    /// <param name="strips">The first strip, with the scales of its rows behind its words.</param>
    /// <param name="stripStride">Distance between strips, in words.</param>
    /// <param name="rowWords">Distance between rows of a strip, in words.</param>
    /// <param name="rows">Rows of A.</param>
    /// <param name="panel">B.</param>
    /// <param name="words">Words of the inner dimension.</param>
    /// <param name="tiles">Tiles of B.</param>
    /// <param name="sums">Rows up to whole strips, 256 columns apart.</param>
    public abstract void Multiply(
        ReadOnlySpan<int> strips, int stripStride, int rowWords, int rows, Panel panel, int words, int tiles, Span<float> sums);

    /// <summary>target = sums + s A B t, if that can be written elsewhere.</summary>
    /// <returns>Whether it can; else nothing is computed.</returns>
    public virtual bool TryMultiplyTo(
        ReadOnlySpan<int> strips, int stripStride, int rows, Panel panel, int words, int tiles, ReadOnlySpan<float> sums, Span<float> target, int targetStride) => false;

    /// <summary>Where the scales of a strip's rows are.</summary>
    protected static ReadOnlySpan<float> RowScales(ReadOnlySpan<int> strip, int rowWords) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<int, float>(strip.Slice(ProductTile.Rows * rowWords, ProductTile.Rows));
}

/// <summary>Code assembled at run time.</summary>
internal sealed class AssembledTile : IntegerTile
{
    private readonly AssembledTiles _programs;

    private AssembledTile(AssembledTiles programs) => (_programs, Element) = (programs, TileProgram.ElementOf(programs.Instruction));

    public override TileElement Element { get; }

    public TileInstruction Instruction => _programs.Instruction;

    public override string Name => $"{Instruction.ToString().ToLowerInvariant()} (assembled)";

    /// <summary>Null where the processor or the system has none, or where it does not compute what it should.</summary>
    public static AssembledTile? TryCreate(TileInstruction instruction)
    {
        if (AssembledTiles.TryLoad(instruction) is not { } programs)
            return null;
        var tile = new AssembledTile(programs);
        if (TileCheck.Agrees(tile))
            return tile;
        programs.Dispose();
        return null;
    }

    public override void Multiply(
        ReadOnlySpan<int> strips, int stripStride, int rowWords, int rows, Panel panel, int words, int tiles, Span<float> sums) =>
        TryMultiplyTo(strips, stripStride, rows, panel, words, tiles, sums, sums, ProductTile.GroupColumns);

    public override bool TryMultiplyTo(
        ReadOnlySpan<int> strips, int stripStride, int rows, Panel panel, int words, int tiles, ReadOnlySpan<float> sums, Span<float> target, int targetStride)
    {
        _programs.Multiply(
            strips, stripStride, rows, panel.Words, words, panel.Scales, panel.Starts, sums, ProductTile.GroupColumns, target, targetStride, tiles);
        return true;
    }
}

/// <summary>How a word of A and words of B are multiplied and added.</summary>
internal interface IWordProduct
{
    static abstract TileElement Element { get; }

    static abstract string Name { get; }

    static abstract Vector256<int> Add(Vector256<int> sum, Vector256<int> x, Vector256<int> y);
}

/// <summary>AVX2.</summary>
internal readonly struct Pairs : IWordProduct
{
    public static TileElement Element => TileElement.Int16;

    public static string Name => "vpmaddwd (256 bits)";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sum, Vector256<int> x, Vector256<int> y) => sum + Avx2.MultiplyAddAdjacent(x.AsInt16(), y.AsInt16());
}

/// <summary>AVX-VNNI.</summary>
internal readonly struct PairsByVnni : IWordProduct
{
    public static TileElement Element => TileElement.Int16;

    public static string Name => "vpdpwssd (256 bits)";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sum, Vector256<int> x, Vector256<int> y) => AvxVnni.MultiplyWideningAndAdd(sum, x.AsInt16(), y.AsInt16());
}

/// <summary>AVX-VNNI.</summary>
internal readonly struct BytesByVnni : IWordProduct
{
    public static TileElement Element => TileElement.Int8;

    public static string Name => "vpdpbusd (256 bits)";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sum, Vector256<int> x, Vector256<int> y) => AvxVnni.MultiplyWideningAndAdd(sum, x.AsByte(), y.AsSByte());
}

/// <summary>Vectors of 256 bits: the sums of six rows and 16 columns, two vectors of B, one word of A and a product fill 16 registers.</summary>
internal sealed class VectorTile<TProduct> : IntegerTile where TProduct : struct, IWordProduct
{
    private const int Rows = ProductTile.Rows, Columns = 16, Stride = ProductTile.GroupColumns;

    public override TileElement Element => TProduct.Element;

    public override string Name => TProduct.Name;

    public override void Multiply(
        ReadOnlySpan<int> strips, int stripStride, int rowWords, int rows, Panel panel, int words, int tiles, Span<float> sums)
    {
        const int Tile = ProductTile.Columns;
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
                ref var starts = ref panel.Starts.Slice(n, Columns)[0];
                ref var c = ref sums.Slice(row * Stride + n, (Rows - 1) * Stride + Columns)[0];
                if (rows - row > Rows / 2)
                    MultiplySix(ref a, (nuint)rowWords, ref b, words, ref s, ref t, ref starts, ref c);
                else
                    MultiplyThree(ref a, (nuint)rowWords, ref b, words, ref s, ref t, ref starts, ref c);
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplySix(ref int a, nuint row, ref int b, int words, ref float s, ref float t, ref int starts, ref float c)
    {
        var (c00, c01) = Start(ref starts);
        var (c10, c11, c20, c21, c30, c31, c40, c41, c50, c51) = (c00, c01, c00, c01, c00, c01, c00, c01, c00, c01);
        ref var lower = ref Unsafe.Add(ref a, 3 * row);
        var row2 = 2 * row;
        for (var k = 0; k < words; k++)
        {
            var left = Vector256.LoadUnsafe(ref b);
            var right = Vector256.LoadUnsafe(ref b, 8);
            var x = Vector256.Create(a);
            c00 = TProduct.Add(c00, x, left);
            c01 = TProduct.Add(c01, x, right);
            x = Vector256.Create(Unsafe.Add(ref a, row));
            c10 = TProduct.Add(c10, x, left);
            c11 = TProduct.Add(c11, x, right);
            x = Vector256.Create(Unsafe.Add(ref a, row2));
            c20 = TProduct.Add(c20, x, left);
            c21 = TProduct.Add(c21, x, right);
            x = Vector256.Create(lower);
            c30 = TProduct.Add(c30, x, left);
            c31 = TProduct.Add(c31, x, right);
            x = Vector256.Create(Unsafe.Add(ref lower, row));
            c40 = TProduct.Add(c40, x, left);
            c41 = TProduct.Add(c41, x, right);
            x = Vector256.Create(Unsafe.Add(ref lower, row2));
            c50 = TProduct.Add(c50, x, left);
            c51 = TProduct.Add(c51, x, right);
            a = ref Unsafe.Add(ref a, 1);
            lower = ref Unsafe.Add(ref lower, 1);
            b = ref Unsafe.Add(ref b, ProductTile.Columns);
        }
        Add(ref c, 0, c00, c01, ref t, s);
        Add(ref c, 1, c10, c11, ref t, Unsafe.Add(ref s, 1));
        Add(ref c, 2, c20, c21, ref t, Unsafe.Add(ref s, 2));
        Add(ref c, 3, c30, c31, ref t, Unsafe.Add(ref s, 3));
        Add(ref c, 4, c40, c41, ref t, Unsafe.Add(ref s, 4));
        Add(ref c, 5, c50, c51, ref t, Unsafe.Add(ref s, 5));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyThree(ref int a, nuint row, ref int b, int words, ref float s, ref float t, ref int starts, ref float c)
    {
        var (c00, c01) = Start(ref starts);
        var (c10, c11, c20, c21, row2) = (c00, c01, c00, c01, 2 * row);
        for (var k = 0; k < words; k++)
        {
            var left = Vector256.LoadUnsafe(ref b);
            var right = Vector256.LoadUnsafe(ref b, 8);
            var x = Vector256.Create(a);
            c00 = TProduct.Add(c00, x, left);
            c01 = TProduct.Add(c01, x, right);
            x = Vector256.Create(Unsafe.Add(ref a, row));
            c10 = TProduct.Add(c10, x, left);
            c11 = TProduct.Add(c11, x, right);
            x = Vector256.Create(Unsafe.Add(ref a, row2));
            c20 = TProduct.Add(c20, x, left);
            c21 = TProduct.Add(c21, x, right);
            a = ref Unsafe.Add(ref a, 1);
            b = ref Unsafe.Add(ref b, ProductTile.Columns);
        }
        Add(ref c, 0, c00, c01, ref t, s);
        Add(ref c, 1, c10, c11, ref t, Unsafe.Add(ref s, 1));
        Add(ref c, 2, c20, c21, ref t, Unsafe.Add(ref s, 2));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<int> Left, Vector256<int> Right) Start(ref int starts) => TProduct.Element == TileElement.Int8
        ? (Vector256.LoadUnsafe(ref starts), Vector256.LoadUnsafe(ref starts, 8))
        : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref float c, nuint row, Vector256<int> left, Vector256<int> right, ref float t, float s)
    {
        var (scale, offset) = (Vector256.Create(s), row * Stride);
        var (low, high) = (Vector256.LoadUnsafe(ref t) * scale, Vector256.LoadUnsafe(ref t, 8) * scale);
        Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(left), low, Vector256.LoadUnsafe(ref c, offset)).StoreUnsafe(ref c, offset);
        Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(right), high, Vector256.LoadUnsafe(ref c, offset + 8)).StoreUnsafe(ref c, offset + 8);
    }
}

/// <summary>Vectors of 512 bits, of pairs.</summary>
internal sealed class WideTile : IntegerTile
{
    public override TileElement Element => TileElement.Int16;

    public override string Name => "vpmaddwd (512 bits)";

    public override void Multiply(
        ReadOnlySpan<int> strips, int stripStride, int rowWords, int rows, Panel panel, int words, int tiles, Span<float> sums)
    {
        const int Tile = ProductTile.Columns, Strip = ProductTile.Rows, Stride = ProductTile.GroupColumns;
        for (var row = 0; row < rows; row += Strip)
            for (var n = 0; n < tiles * Tile; n += Tile)
            {
                // The loop below goes through references: these slices are its only bounds checks.
                var strip = strips[(row / Strip * stripStride)..];
                Multiply(
                    ref Unsafe.AsRef(in strip.Slice(0, (Strip - 1) * rowWords + words)[0]), (nuint)rowWords, ref panel.Words.Slice(n * words, Tile * words)[0], words,
                    ref Unsafe.AsRef(in RowScales(strip, rowWords)[0]), ref panel.Scales.Slice(n, Tile)[0],
                    ref sums.Slice(row * Stride + n, (Strip - 1) * Stride + Tile)[0]);
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(ref int a, nuint row, ref int b, int words, ref float s, ref float t, ref float c)
    {
        Vector512<int> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector512<int> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        var (row2, row3, row4, row5) = (2 * row, 3 * row, 4 * row, 5 * row);
        for (var k = 0; k < words; k++)
        {
            var left = Vector512.LoadUnsafe(ref b).AsInt16();
            var right = Vector512.LoadUnsafe(ref b, 16).AsInt16();
            var x = Vector512.Create(a).AsInt16();
            c00 += Avx512BW.MultiplyAddAdjacent(x, left);
            c01 += Avx512BW.MultiplyAddAdjacent(x, right);
            x = Vector512.Create(Unsafe.Add(ref a, row)).AsInt16();
            c10 += Avx512BW.MultiplyAddAdjacent(x, left);
            c11 += Avx512BW.MultiplyAddAdjacent(x, right);
            x = Vector512.Create(Unsafe.Add(ref a, row2)).AsInt16();
            c20 += Avx512BW.MultiplyAddAdjacent(x, left);
            c21 += Avx512BW.MultiplyAddAdjacent(x, right);
            x = Vector512.Create(Unsafe.Add(ref a, row3)).AsInt16();
            c30 += Avx512BW.MultiplyAddAdjacent(x, left);
            c31 += Avx512BW.MultiplyAddAdjacent(x, right);
            x = Vector512.Create(Unsafe.Add(ref a, row4)).AsInt16();
            c40 += Avx512BW.MultiplyAddAdjacent(x, left);
            c41 += Avx512BW.MultiplyAddAdjacent(x, right);
            x = Vector512.Create(Unsafe.Add(ref a, row5)).AsInt16();
            c50 += Avx512BW.MultiplyAddAdjacent(x, left);
            c51 += Avx512BW.MultiplyAddAdjacent(x, right);
            a = ref Unsafe.Add(ref a, 1);
            b = ref Unsafe.Add(ref b, ProductTile.Columns);
        }

        const int Stride = ProductTile.GroupColumns;
        var (low, high) = (Vector512.LoadUnsafe(ref t), Vector512.LoadUnsafe(ref t, 16));
        Add(ref c, 0 * Stride, c00, c01, low, high, s);
        Add(ref c, 1 * Stride, c10, c11, low, high, Unsafe.Add(ref s, 1));
        Add(ref c, 2 * Stride, c20, c21, low, high, Unsafe.Add(ref s, 2));
        Add(ref c, 3 * Stride, c30, c31, low, high, Unsafe.Add(ref s, 3));
        Add(ref c, 4 * Stride, c40, c41, low, high, Unsafe.Add(ref s, 4));
        Add(ref c, 5 * Stride, c50, c51, low, high, Unsafe.Add(ref s, 5));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref float c, nuint offset, Vector512<int> left, Vector512<int> right, Vector512<float> low, Vector512<float> high, float s)
    {
        var scale = Vector512.Create(s);
        Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(left), low * scale, Vector512.LoadUnsafe(ref c, offset)).StoreUnsafe(ref c, offset);
        Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(right), high * scale, Vector512.LoadUnsafe(ref c, offset + 16)).StoreUnsafe(ref c, offset + 16);
    }
}
