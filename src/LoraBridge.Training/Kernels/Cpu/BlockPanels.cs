using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Packs quantised weights for <see cref="IntegerFormat"/> with no F32 in between: the few bits q of an element s q + c become the integer
/// that stands for it in one multiplication of 16 bits, whose upper half is kept, rounded.
/// </summary>
/// <remarks>
/// The largest element is not looked for: quantisation gives the largest of a group about the largest q, so the scales tell how large it can
/// be. With an odd number of rows, the last one is paired with zeros.
/// </remarks>
/// <typeparam name="TFormat">How the weights are stored.</typeparam>
internal static class BlockPanels<TFormat> where TFormat : struct, IBlockFormat
{
    private const int Tile = ProductTile.Columns, RowPairs = ProductTile.Depth / 2, Lanes = 8;

    private const int MostGroups = ProductTile.Depth / 16;

    /// <summary>Room for s of a row's groups, and behind it for c.</summary>
    private const int RowScales = 2 * MostGroups;

    /// <summary>Groups of 256 elements.</summary>
    private static int Groups
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ProductTile.Depth / TFormat.Group;
    }

    /// <summary>Times 32 elements of a block.</summary>
    private static nuint Steps
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (nuint)(TFormat.Elements / BlockFormat.Step);
    }

    /// <summary>Bits of a factor of q behind the point: as many as leave it 16 in all, for |s q + c| is at most <see cref="IntegerFormat.Largest12"/>.</summary>
    private static int Precision
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => BitOperations.Log2((uint)(short.MaxValue * (TFormat.Highest - TFormat.Lowest) / (2 * IntegerFormat.Largest12)));
    }

    /// <summary>Packs rows along the inner dimension: they are columns of what is multiplied by.</summary>
    /// <param name="rows">The matrix.</param>
    /// <param name="first">The first row.</param>
    /// <param name="count">Rows.</param>
    /// <param name="k">The first element of each, of a block.</param>
    /// <param name="height">Elements of each, whole blocks and at most 256.</param>
    /// <param name="work">Room for 32 numbers for each row.</param>
    /// <param name="packed">The integers; a row has room for 128 pairs.</param>
    /// <param name="units">By row, what an integer stands for.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackRows(TensorRows rows, int first, int count, int k, int height, Span<float> work, Span<int> packed, Span<float> units)
    {
        // Three loops, because what they do in turn takes long for one row, but not for many that do not wait for each other.
        var scales = work[..(count * RowScales)];
        ref readonly var weights = ref rows.Bytes(first, count, k, height)[0];
        for (var row = 0; row < count; row++)
            ReadScales(in Unsafe.Add(ref Unsafe.AsRef(in weights), row * rows.Stride), height, ref scales.Slice(row * RowScales, RowScales)[0]);
        for (var row = 0; row < count; row++)
            units[row] = ToFactors(ref scales.Slice(row * RowScales, RowScales)[0]);

        var factors = MemoryMarshal.Cast<float, int>(scales);
        for (var row = 0; row < count; row++)
        {
            ref readonly var block = ref Unsafe.Add(ref Unsafe.AsRef(in weights), row * rows.Stride);
            ref var f = ref factors.Slice(row * RowScales, RowScales)[0];
            ref var target = ref packed.Slice(row * RowPairs, height / 2)[0];
            for (var element = 0; element < height; element += TFormat.Elements)
            {
                for (nuint step = 0; step < Steps; step++, target = ref Unsafe.Add(ref target, BlockFormat.Step / 2))
                {
                    var integers = TFormat.ReadIntegers(in block, step);
                    if (TFormat.Group == BlockFormat.Step)
                        Store(integers, f, Unsafe.Add(ref f, MostGroups), ref target);
                    else
                    {
                        Store(integers.GetLower(), f, Unsafe.Add(ref f, MostGroups), ref target);
                        f = ref Unsafe.Add(ref f, 1);
                        Store(integers.GetUpper(), f, Unsafe.Add(ref f, MostGroups), ref Unsafe.Add(ref target, 8));
                    }
                    f = ref Unsafe.Add(ref f, 1);
                }
                block = ref Unsafe.Add(ref Unsafe.AsRef(in block), TFormat.Bytes);
            }
        }
    }

    /// <summary>Packs rows of at most 256 weights across the inner dimension: a column of them is what is multiplied by.</summary>
    /// <param name="rows">The matrix.</param>
    /// <param name="first">The first row.</param>
    /// <param name="height">Rows, at most 256.</param>
    /// <param name="column">The first column, of a block.</param>
    /// <param name="width">Columns, whole blocks.</param>
    /// <param name="work">Room for 32 numbers for each row and for zeros in place of one more.</param>
    /// <param name="panel">The integers.</param>
    /// <param name="columnScales">By column, what an integer stands for.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackColumns(
        TensorRows rows, int first, int height, int column, int width, Span<float> work, Span<int> panel, Span<float> columnScales)
    {
        var pairs = (height + 1) / 2;
        var scales = work[..(2 * pairs * RowScales)];
        if (height % 2 == 1)
            scales[^RowScales..].Clear();
        ref readonly var weights = ref rows.Bytes(first, height, column, width)[0];
        for (var row = 0; row < height; row++)
            ReadScales(in Unsafe.Add(ref Unsafe.AsRef(in weights), row * rows.Stride), width, ref scales.Slice(row * RowScales, RowScales)[0]);
        for (var group = 0; group < Groups; group += Lanes)
            ToFactors(scales, group, height, width, columnScales);

        var factors = MemoryMarshal.Cast<float, int>(scales);
        for (var pair = 0; pair < pairs; pair++)
        {
            ref readonly var even = ref Unsafe.Add(ref Unsafe.AsRef(in weights), 2 * pair * rows.Stride);
            ref readonly var odd = ref Unsafe.Add(ref Unsafe.AsRef(in weights), Math.Min(2 * pair + 1, height - 1) * rows.Stride);
            ref var f = ref factors.Slice(2 * pair * RowScales, RowScales)[0];
            ref var target = ref panel[..(pairs * width)][pair * Tile];
            for (var n = 0; n < width; n += TFormat.Elements)
            {
                for (nuint step = 0; step < Steps; step++, target = ref Unsafe.Add(ref target, pairs * Tile))
                {
                    var (q, r) = (TFormat.ReadIntegers(in even, step), TFormat.ReadIntegers(in odd, step));
                    Store(q.GetLower(), r.GetLower(), f, Unsafe.Add(ref f, MostGroups), ref target);
                    if (TFormat.Group < BlockFormat.Step)
                        f = ref Unsafe.Add(ref f, 1);
                    Store(q.GetUpper(), r.GetUpper(), f, Unsafe.Add(ref f, MostGroups), ref Unsafe.Add(ref target, Tile / 2));
                    f = ref Unsafe.Add(ref f, 1);
                }
                even = ref Unsafe.Add(ref Unsafe.AsRef(in even), TFormat.Bytes);
                odd = ref Unsafe.Add(ref Unsafe.AsRef(in odd), TFormat.Bytes);
            }
        }
    }

    /// <summary>Replaces the scales of two rows by the factors of both, side by side, eight groups at a time.</summary>
    private static void ToFactors(Span<float> scales, int group, int height, int width, Span<float> columnScales)
    {
        var largest = Vector256<int>.Zero;
        for (var row = 0; row < height; row++)
            largest = Vector256.Max(largest, Bounds(in scales.Slice(row * RowScales, RowScales)[0], group));
        var unit = largest.AsSingle() / IntegerFormat.Largest12;
        for (var i = 0; i < Lanes && (group + i) * TFormat.Group < width; i++)
            columnScales.Slice((group + i) * TFormat.Group, TFormat.Group).Fill(unit[i]);

        var factor = Inverse(unit);
        for (var start = 0; start < scales.Length; start += 2 * RowScales)
            StoreFactors(in scales[start], in scales[start + RowScales], factor, group, ref scales[start + group]);
    }

    /// <summary>Replaces the scales of a row by its factors, twice each.</summary>
    /// <returns>What an integer stands for.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float ToFactors(ref float scales)
    {
        var bounds = Bounds(in scales, 0);
        if (Groups > Lanes)
            bounds = Vector256.Max(bounds, Bounds(in scales, Lanes));
        var four = Vector128.Max(bounds.GetLower(), bounds.GetUpper());
        var two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        var unit = Vector128.Max(two, Vector128.Shuffle(two, Vector128.Create(1, 0, 3, 2))).AsSingle() / IntegerFormat.Largest12;
        var factor = Inverse(Vector256.Create(unit, unit));
        for (var group = 0; group < Groups; group += Lanes)
            StoreFactors(in scales, in scales, factor, group, ref Unsafe.Add(ref scales, group));
        return unit.ToScalar();
    }

    /// <summary>Numbers that are no numbers stay such: they must reach the loss, so that training notices.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Inverse(Vector256<float> unit) =>
        Vector256.ConditionalSelect(Vector256.Equals(unit, Vector256<float>.Zero), Vector256<float>.Zero, Vector256<float>.One / unit);

    /// <summary>Reads s of a row's groups, and behind room for 16 of them c; zeros for groups that are not there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ReadScales(ref readonly byte block, int elements, ref float scales)
    {
        if (elements < ProductTile.Depth)
            MemoryMarshal.CreateSpan(ref scales, RowScales).Clear();
        for (var i = 0; i < elements; i += TFormat.Elements)
        {
            TFormat.ReadScales(in block, ref scales, ref Unsafe.Add(ref scales, MostGroups));
            scales = ref Unsafe.Add(ref scales, TFormat.Elements / TFormat.Group);
            block = ref Unsafe.Add(ref Unsafe.AsRef(in block), TFormat.Bytes);
        }
    }

    /// <summary>The bits, without sign, of the largest elements that eight groups can have; as integers they have the same order, and NaN is larger than all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Bounds(ref readonly float scales, int group)
    {
        var s = Vector256.LoadUnsafe(in scales, (nuint)group);
        var c = TFormat.HasConstants ? Vector256.LoadUnsafe(in scales, (nuint)(MostGroups + group)) : Vector256<float>.Zero;
        var (lowest, highest) = (s * TFormat.Lowest + c, s * TFormat.Highest + c);
        return Vector256.Max(lowest.AsInt32() & Vector256.Create(int.MaxValue), highest.AsInt32() & Vector256.Create(int.MaxValue));
    }

    /// <summary>Stores what q of eight groups of two rows is to be multiplied by, and what is to be added, side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreFactors(ref readonly float even, ref readonly float odd, Vector256<float> factor, int group, ref float target)
    {
        var (scale, low) = (factor * (1 << Precision), Vector256.Create(0xFFFF));
        var first = VectorInstructions.RoundToInt32(Vector256.LoadUnsafe(in even, (nuint)group) * scale);
        var second = VectorInstructions.RoundToInt32(Vector256.LoadUnsafe(in odd, (nuint)group) * scale);
        ((first & low) | (second << 16)).AsSingle().StoreUnsafe(ref target);
        if (!TFormat.HasConstants)
            return;
        first = VectorInstructions.RoundToInt32(Vector256.LoadUnsafe(in even, (nuint)(MostGroups + group)) * factor);
        second = VectorInstructions.RoundToInt32(Vector256.LoadUnsafe(in odd, (nuint)(MostGroups + group)) * factor);
        ((first & low) | (second << 16)).AsSingle().StoreUnsafe(ref target, MostGroups);
    }

    /// <summary>Stores 16 pairs of one element each of two rows, given the factors and offsets of a pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector128<sbyte> even, Vector128<sbyte> odd, int factors, int offsets, ref int to)
    {
        var (first, second) = (VectorInstructions.ZipLow(even.AsByte(), odd.AsByte()).AsSByte(), VectorInstructions.ZipHigh(even.AsByte(), odd.AsByte()).AsSByte());
        if (Avx512BW.IsSupported)
        {
            Store(Vector256.Create(first, second), factors, offsets, ref to);
            return;
        }
        Store(first, factors, offsets, ref to);
        Store(second, factors, offsets, ref Unsafe.Add(ref to, 8));
    }

    /// <summary>Stores 16 pairs, given the factors and offsets of a pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<sbyte> integers, int factors, int offsets, ref int to)
    {
        if (!Avx512BW.IsSupported)
        {
            Store(integers.GetLower(), factors, offsets, ref to);
            Store(integers.GetUpper(), factors, offsets, ref Unsafe.Add(ref to, 8));
            return;
        }
        var words = Avx512BW.ConvertToVector512Int16(integers) << (15 - Precision);
        var scaled = Avx512BW.MultiplyHighRoundScale(words, Vector512.Create(factors).AsInt16());
        (TFormat.HasConstants ? scaled + Vector512.Create(offsets).AsInt16() : scaled).AsInt32().StoreUnsafe(ref to);
    }

    /// <summary>Stores 8 pairs, given the factors and offsets of a pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector128<sbyte> integers, int factors, int offsets, ref int to)
    {
        var words = VectorInstructions.WidenToInt16(integers) << (15 - Precision);
        var scaled = VectorInstructions.MultiplyHighRounded(words, Vector256.Create(factors).AsInt16());
        (TFormat.HasConstants ? scaled + Vector256.Create(offsets).AsInt16() : scaled).AsInt32().StoreUnsafe(ref to);
    }
}
