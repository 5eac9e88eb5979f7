using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LoraBridge.Native.Code;

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
    private const int Tile = ProductTile.Columns, Lanes = 8;

    /// <summary>Rows that the processor is told of before they are read: of each a few cache lines are needed, too few for it to see what follows.</summary>
    private const int RowsAhead = 16;

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

    /// <summary>Packs eight rows along the inner dimension: they are columns of what is multiplied by.</summary>
    /// <remarks>What is transposed are integers of a byte, in pairs: half as much as what they become.</remarks>
    /// <param name="rows">The matrix.</param>
    /// <param name="first">The first row.</param>
    /// <param name="count">Rows, at most eight; what lacks to them becomes zeros.</param>
    /// <param name="k">The first element of each, of a block.</param>
    /// <param name="height">Elements of each, whole blocks and at most 256.</param>
    /// <param name="work">Room for 512 numbers.</param>
    /// <param name="tile">The integers: pairs 32 apart, of each the first eight.</param>
    /// <param name="units">By row, what an integer stands for.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackRows(TensorRows rows, int first, int count, int k, int height, Span<float> work, Span<int> tile, Span<float> units)
    {
        var scales = work[..(Lanes * RowScales)];
        scales[(count * RowScales)..].Clear();
        ref readonly var weights = ref rows.Bytes(first, count, k, height)[0];
        for (var row = 0; row < count; row++)
        {
            CacheHint.Prefetch(in weights, (nuint)(row + RowsAhead) * (nuint)rows.Stride, height / TFormat.Elements * TFormat.Bytes);
            ReadScales(in Unsafe.Add(ref Unsafe.AsRef(in weights), row * rows.Stride), height, ref scales.Slice(row * RowScales, RowScales)[0]);
        }
        ref var factors = ref ToFactors(scales, work.Slice(Lanes * RowScales, Lanes * RowScales), height / TFormat.Group, units[..Lanes]);

        // Where rows lack, the last is read again: its scales are zeros.
        var last = (count - 1) * rows.Stride;
        var (row1, row2, row3) = ((nuint)Math.Min(rows.Stride, last), (nuint)Math.Min(2 * rows.Stride, last), (nuint)Math.Min(3 * rows.Stride, last));
        var (row4, row5, row6, row7) = (
            (nuint)Math.Min(4 * rows.Stride, last), (nuint)Math.Min(5 * rows.Stride, last), (nuint)Math.Min(6 * rows.Stride, last), (nuint)Math.Min(7 * rows.Stride, last));
        ref readonly var block = ref weights;
        ref var target = ref tile[..((height / 2 - 1) * Tile + Lanes)][0];
        for (var element = 0; element < height; element += TFormat.Elements, block = ref Unsafe.Add(ref Unsafe.AsRef(in block), TFormat.Bytes))
            for (nuint step = 0; step < Steps; step++, target = ref Unsafe.Add(ref target, BlockFormat.Step / 2 * Tile))
            {
                var (first01, last01) = Zip(TFormat.ReadIntegers(in block, step).AsInt16(), Read(in block, row1, step).AsInt16());
                var (first23, last23) = Zip(Read(in block, row2, step).AsInt16(), Read(in block, row3, step).AsInt16());
                var (first45, last45) = Zip(Read(in block, row4, step).AsInt16(), Read(in block, row5, step).AsInt16());
                var (first67, last67) = Zip(Read(in block, row6, step).AsInt16(), Read(in block, row7, step).AsInt16());
                ref var lower = ref factors;
                ref var upper = ref TFormat.Group == BlockFormat.Step ? ref factors : ref Unsafe.Add(ref factors, Lanes);
                Store(first01, first23, first45, first67, in lower, in upper, ref target);
                Store(last01, last23, last45, last67, in lower, in upper, ref Unsafe.Add(ref target, 4 * Tile));
                factors = ref Unsafe.Add(ref upper, Lanes);
            }

        static Vector256<sbyte> Read(ref readonly byte block, nuint row, nuint step) =>
            TFormat.ReadIntegers(in Unsafe.AddByteOffset(ref Unsafe.AsRef(in block), row), step);
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
        {
            CacheHint.Prefetch(in weights, (nuint)(row + RowsAhead) * (nuint)rows.Stride, width / TFormat.Elements * TFormat.Bytes);
            ReadScales(in Unsafe.Add(ref Unsafe.AsRef(in weights), row * rows.Stride), width, ref scales.Slice(row * RowScales, RowScales)[0]);
        }
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
            largest = Vector256.Max(largest, Bounds(in scales.Slice(row * RowScales, RowScales)[0], (nuint)group, (nuint)(MostGroups + group)));
        var unit = largest.AsSingle() / IntegerFormat.Largest12;
        for (var i = 0; i < Lanes && (group + i) * TFormat.Group < width; i++)
            columnScales.Slice((group + i) * TFormat.Group, TFormat.Group).Fill(unit[i]);

        var factor = Inverse(unit);
        for (var start = 0; start < scales.Length; start += 2 * RowScales)
            StoreFactors(in scales[start + group], in scales[start + RowScales + group], factor, MostGroups, ref scales[start + group]);
    }

    /// <summary>The factors of eight rows, side by side and twice each, by group, and behind room for 16 groups what is to be added.</summary>
    /// <param name="scales">Their scales, row by row.</param>
    /// <param name="factors">Room for the factors.</param>
    /// <param name="groups">Groups of a row.</param>
    /// <param name="units">By row, what an integer stands for.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref int ToFactors(Span<float> scales, Span<float> factors, int groups, Span<float> units)
    {
        ref var from = ref MemoryMarshal.Cast<float, int>(scales)[0];
        ref var to = ref MemoryMarshal.Cast<float, int>(factors)[0];
        for (var group = 0; group < groups; group += Lanes)
        {
            PairTranspose.Eight(ref Unsafe.Add(ref from, group), RowScales, ref Unsafe.Add(ref to, group * Lanes), Lanes);
            if (TFormat.HasConstants)
                PairTranspose.Eight(
                    ref Unsafe.Add(ref from, MostGroups + group), RowScales, ref Unsafe.Add(ref to, (MostGroups + group) * Lanes), Lanes);
        }

        const nuint Constants = MostGroups * Lanes;
        ref var byGroup = ref factors[0];
        var largest = Vector256<int>.Zero;
        for (nuint at = 0; at < (nuint)(groups * Lanes); at += Lanes)
            largest = Vector256.Max(largest, Bounds(in byGroup, at, at + Constants));
        var unit = largest.AsSingle() / IntegerFormat.Largest12;
        unit.CopyTo(units);
        var factor = Inverse(unit);
        for (nuint at = 0; at < (nuint)(groups * Lanes); at += Lanes)
        {
            ref var place = ref Unsafe.Add(ref byGroup, at);
            StoreFactors(in place, in place, factor, Constants, ref place);
        }
        return ref to;
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

    /// <summary>
    /// The bits, without sign, of the largest elements that eight groups can have, given where their s and c are; as integers they have the same order,
    /// and NaN is larger than all.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Bounds(ref readonly float scales, nuint first, nuint firstConstant)
    {
        var s = Vector256.LoadUnsafe(in scales, first);
        var c = TFormat.HasConstants ? Vector256.LoadUnsafe(in scales, firstConstant) : Vector256<float>.Zero;
        var (lowest, highest) = (s * TFormat.Lowest + c, s * TFormat.Highest + c);
        return Vector256.Max(lowest.AsInt32() & Vector256.Create(int.MaxValue), highest.AsInt32() & Vector256.Create(int.MaxValue));
    }

    /// <summary>Stores what q of eight groups is to be multiplied by for an even and an odd element, side by side, and as far behind as c what is to be added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreFactors(ref readonly float even, ref readonly float odd, Vector256<float> factor, nuint constants, ref float target)
    {
        var (scale, low) = (factor * (1 << Precision), Vector256.Create(0xFFFF));
        var first = VectorInstructions.RoundToInt32(Vector256.LoadUnsafe(in even) * scale);
        var second = VectorInstructions.RoundToInt32(Vector256.LoadUnsafe(in odd) * scale);
        ((first & low) | (second << 16)).AsSingle().StoreUnsafe(ref target);
        if (!TFormat.HasConstants)
            return;
        first = VectorInstructions.RoundToInt32(Vector256.LoadUnsafe(in even, constants) * factor);
        second = VectorInstructions.RoundToInt32(Vector256.LoadUnsafe(in odd, constants) * factor);
        ((first & low) | (second << 16)).AsSingle().StoreUnsafe(ref target, constants);
    }

    /// <summary>Pairs of elements of two rows by turns: those of the first four pairs of each 16 elements, and those of the last four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<int> First, Vector256<int> Last) Zip(Vector256<short> even, Vector256<short> odd) =>
        (VectorInstructions.ZipLow(even, odd).AsInt32(), VectorInstructions.ZipHigh(even, odd).AsInt32());

    /// <summary>Stores four pairs of each 16 elements of eight rows, given those of two rows each by turns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(
        Vector256<int> rows01, Vector256<int> rows23, Vector256<int> rows45, Vector256<int> rows67, ref readonly int lower, ref readonly int upper, ref int to)
    {
        var (even, odd) = (VectorInstructions.ZipLow(rows01, rows23).AsInt64(), VectorInstructions.ZipLow(rows45, rows67).AsInt64());
        Store(VectorInstructions.ZipLow(even, odd).AsSByte(), in lower, in upper, ref to);
        Store(VectorInstructions.ZipHigh(even, odd).AsSByte(), in lower, in upper, ref Unsafe.Add(ref to, Tile));
        (even, odd) = (VectorInstructions.ZipHigh(rows01, rows23).AsInt64(), VectorInstructions.ZipHigh(rows45, rows67).AsInt64());
        Store(VectorInstructions.ZipLow(even, odd).AsSByte(), in lower, in upper, ref Unsafe.Add(ref to, 2 * Tile));
        Store(VectorInstructions.ZipHigh(even, odd).AsSByte(), in lower, in upper, ref Unsafe.Add(ref to, 3 * Tile));
    }

    /// <summary>Stores a pair of eight rows, and the eighth pair after it, given where the factors of both are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<sbyte> integers, ref readonly int lower, ref readonly int upper, ref int to)
    {
        const nuint Constants = MostGroups * Lanes;
        Store(integers.GetLower(), Vector256.LoadUnsafe(in lower), Vector256.LoadUnsafe(in lower, Constants), ref to);
        Store(integers.GetUpper(), Vector256.LoadUnsafe(in upper), Vector256.LoadUnsafe(in upper, Constants), ref Unsafe.Add(ref to, Lanes * Tile));
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
    private static void Store(Vector128<sbyte> integers, int factors, int offsets, ref int to) =>
        Store(integers, Vector256.Create(factors), Vector256.Create(offsets), ref to);

    /// <summary>Stores 8 pairs, given the factors and offsets of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector128<sbyte> integers, Vector256<int> factors, Vector256<int> offsets, ref int to)
    {
        var words = VectorInstructions.WidenToInt16(integers) << (15 - Precision);
        var scaled = VectorInstructions.MultiplyHighRounded(words, factors.AsInt16());
        (TFormat.HasConstants ? scaled + offsets.AsInt16() : scaled).AsInt32().StoreUnsafe(ref to);
    }
}
