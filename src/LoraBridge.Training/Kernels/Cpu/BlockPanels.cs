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
        var bytes = height / TFormat.Elements * TFormat.Bytes;
        for (var row = 0; row < count; row++)
        {
            CacheHint.Prefetch(in weights, (nuint)(row + RowsAhead) * (nuint)rows.Stride, bytes);
            ReadScales(in Unsafe.Add(ref Unsafe.AsRef(in weights), row * rows.Stride), height, ref scales.Slice(row * RowScales, RowScales)[0]);
        }
        ref var factors = ref ToFactors(scales, work.Slice(Lanes * RowScales, Lanes * RowScales), height / TFormat.Group, units[..Lanes]);
        // What follows goes through references: this slice is its only bounds check.
        StoreRows(in weights, rows.Stride, count, height, ref factors, ref tile[..((height / 2 - 1) * Tile + Lanes)][0]);
    }

    // A method of its own: of one, the compiler inlines only so much.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void StoreRows(ref readonly byte block, int stride, int count, int height, ref int factors, ref int target)
    {
        // Where rows lack, the last is read again: its scales are zeros.
        Span<nuint> offsets = stackalloc nuint[Lanes];
        for (var row = 0; row < Lanes; row++)
            offsets[row] = (nuint)(Math.Min(row, count - 1) * stride);
        ref var at = ref offsets[0];
        ref var halves = ref (stackalloc Vector256<int>[Lanes])[0];
        for (var element = 0; element < height; element += TFormat.Elements, block = ref Unsafe.Add(ref Unsafe.AsRef(in block), TFormat.Bytes))
            for (nuint step = 0; step < Steps; step++, target = ref Unsafe.Add(ref target, BlockFormat.Step / 2 * Tile), factors = ref Unsafe.Add(ref factors, Lanes))
            {
                // A row and the fourth after it side by side: their bytes of two elements each, or the first 16 of their elements, and the second 16.
                for (var row = 0; row < Lanes / 2; row++)
                {
                    ref readonly var first = ref Unsafe.AddByteOffset(ref Unsafe.AsRef(in block), Unsafe.Add(ref at, row));
                    ref readonly var second = ref Unsafe.AddByteOffset(ref Unsafe.AsRef(in block), Unsafe.Add(ref at, row + Lanes / 2));
                    if (TFormat.HalfBytes >= 0)
                    {
                        Unsafe.Add(ref halves, row) = Vector256.Create(Bytes(in first), Bytes(in second)).AsInt32();
                        continue;
                    }
                    var (q, r) = (TFormat.ReadIntegers(in first, step).AsInt32(), TFormat.ReadIntegers(in second, step).AsInt32());
                    Unsafe.Add(ref halves, row) = VectorInstructions.LowerHalves(q, r);
                    Unsafe.Add(ref halves, row + Lanes / 2) = VectorInstructions.UpperHalves(q, r);
                }
                Store(ref halves, in factors, ref target);
                if (TFormat.HalfBytes >= 0)
                    continue;
                if (TFormat.Group < BlockFormat.Step)
                    factors = ref Unsafe.Add(ref factors, Lanes);
                Store(ref Unsafe.Add(ref halves, Lanes / 2), in factors, ref Unsafe.Add(ref target, Lanes * Tile));
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
        var bytes = width / TFormat.Elements * TFormat.Bytes;
        for (var row = 0; row < height; row++)
        {
            CacheHint.Prefetch(in weights, (nuint)(row + RowsAhead) * (nuint)rows.Stride, bytes);
            ReadScales(in Unsafe.Add(ref Unsafe.AsRef(in weights), row * rows.Stride), width, ref scales.Slice(row * RowScales, RowScales)[0]);
        }
        for (var group = 0; group < Groups; group += Lanes)
            ToFactors(scales, group, height, width, columnScales);

        StoreColumns(in weights, rows.Stride, height, width, ref MemoryMarshal.Cast<float, int>(scales)[0], ref panel[..(pairs * width)][0]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void StoreColumns(ref readonly byte weights, int stride, int height, int width, ref int factors, ref int panel)
    {
        var tile = (height + 1) / 2 * Tile;
        for (var row = 0; row < height; row += 2, factors = ref Unsafe.Add(ref factors, 2 * RowScales), panel = ref Unsafe.Add(ref panel, Tile))
        {
            ref readonly var even = ref Unsafe.Add(ref Unsafe.AsRef(in weights), row * stride);
            ref readonly var odd = ref Unsafe.Add(ref Unsafe.AsRef(in even), row + 1 < height ? stride : 0);
            ref var f = ref factors;
            ref var target = ref panel;
            for (var n = 0; n < width; n += TFormat.Elements)
            {
                for (nuint step = 0; step < Steps; step++, target = ref Unsafe.Add(ref target, tile), f = ref Unsafe.Add(ref f, BlockFormat.Step / TFormat.Group))
                {
                    var (factor, offset) = (Spread(in f), TFormat.HasConstants ? Spread(in Unsafe.Add(ref f, MostGroups)) : default);
                    if (TFormat.HalfBytes >= 0)
                        StoreCodes(Shuffled(in even), Shuffled(in odd), factor, offset, ref target);
                    else
                        StoreIntegers(TFormat.ReadIntegers(in even, step), TFormat.ReadIntegers(in odd, step), factor, offset, ref target);
                }
                even = ref Unsafe.Add(ref Unsafe.AsRef(in even), TFormat.Bytes);
                odd = ref Unsafe.Add(ref Unsafe.AsRef(in odd), TFormat.Bytes);
            }
        }
    }

    /// <summary>Replaces the scales of two rows by the factors of both, side by side, eight groups at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
        else if (TFormat.HasHalves)
        {
            ReadHalves(in block, 0).StoreUnsafe(ref scales);
            if (TFormat.HasConstants)
                ReadHalves(in block, sizeof(short)).StoreUnsafe(ref scales, MostGroups);
            return;
        }
        for (var i = 0; i < elements; i += TFormat.Elements)
        {
            TFormat.ReadScales(in block, ref scales, ref Unsafe.Add(ref scales, MostGroups));
            scales = ref Unsafe.Add(ref scales, TFormat.Elements / TFormat.Group);
            block = ref Unsafe.Add(ref Unsafe.AsRef(in block), TFormat.Bytes);
        }
    }

    /// <summary>A number in F16 of each of eight blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> ReadHalves(ref readonly byte block, nuint at)
    {
        var size = (nuint)TFormat.Bytes;
        return BlockLanes.Float16(Vector128.Create(
            BlockLanes.Read<short>(in block, at), BlockLanes.Read<short>(in block, at + size), BlockLanes.Read<short>(in block, at + 2 * size),
            BlockLanes.Read<short>(in block, at + 3 * size), BlockLanes.Read<short>(in block, at + 4 * size), BlockLanes.Read<short>(in block, at + 5 * size),
            BlockLanes.Read<short>(in block, at + 6 * size), BlockLanes.Read<short>(in block, at + 7 * size)));
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

    /// <summary>The 16 bytes of 32 elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Bytes(ref readonly byte block) => Vector128.LoadUnsafe(in block, (nuint)TFormat.HalfBytes);

    /// <summary>Stores eight pairs of elements of eight rows, given those of a row and of the fourth after it side by side, and where the rows' factors are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ref Vector256<int> rows, ref readonly int factors, ref int to)
    {
        var (f, offsets) = (Vector256.LoadUnsafe(in factors), TFormat.HasConstants ? Vector256.LoadUnsafe(in factors, MostGroups * Lanes) : default);
        var (row0, row1, row2, row3) = (rows.AsInt16(), Unsafe.Add(ref rows, 1).AsInt16(), Unsafe.Add(ref rows, 2).AsInt16(), Unsafe.Add(ref rows, 3).AsInt16());
        var (even, odd) = (VectorInstructions.ZipLow(row0, row1).AsInt32(), VectorInstructions.ZipLow(row2, row3).AsInt32());
        StorePairs(VectorInstructions.ZipLow(even, odd), f, offsets, ref to);
        StorePairs(VectorInstructions.ZipHigh(even, odd), f, offsets, ref Unsafe.Add(ref to, 2 * Tile));
        (even, odd) = (VectorInstructions.ZipHigh(row0, row1).AsInt32(), VectorInstructions.ZipHigh(row2, row3).AsInt32());
        StorePairs(VectorInstructions.ZipLow(even, odd), f, offsets, ref Unsafe.Add(ref to, 4 * Tile));
        StorePairs(VectorInstructions.ZipHigh(even, odd), f, offsets, ref Unsafe.Add(ref to, 6 * Tile));
    }

    /// <summary>Stores a pair of elements of eight rows, and the next pair of them; of bytes of two elements, also those that are 16 further on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePairs(Vector256<int> pairs, Vector256<int> factors, Vector256<int> offsets, ref int to)
    {
        if (TFormat.HalfBytes < 0)
        {
            Store(pairs.AsSByte(), factors, offsets, ref to, Tile);
            return;
        }
        Store(TFormat.FromCodes(pairs.AsByte() & Vector256.Create((byte)0xF)), factors, offsets, ref to, Tile);
        Store(TFormat.FromCodes((pairs >>> 4).AsByte() & Vector256.Create((byte)0xF)), factors, offsets, ref Unsafe.Add(ref to, Lanes * Tile), Tile);
    }

    /// <summary>Stores what stands for 16 pairs of q: of each half of 128 bits the first four, and at a distance the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<sbyte> q, Vector256<int> factors, Vector256<int> offsets, ref int to, nuint distance)
    {
        q = Doubled(q);
        ToIntegers(VectorInstructions.ZipLow(Vector256<sbyte>.Zero, q), factors, offsets).StoreUnsafe(ref to);
        ToIntegers(VectorInstructions.ZipHigh(Vector256<sbyte>.Zero, q), factors, offsets).StoreUnsafe(ref to, distance);
    }

    /// <summary>16 bytes of two elements each, those of the first and the third four in front of the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Shuffled(ref readonly byte block) =>
        Vector128.Shuffle(Bytes(in block).AsInt32(), Vector128.Create(0, 2, 1, 3)).AsByte();

    /// <summary>Stores 32 pairs of one element each of two rows, given their <see cref="Shuffled"/> bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreCodes(Vector128<byte> even, Vector128<byte> odd, Vector256<int> factors, Vector256<int> offsets, ref int to)
    {
        var codes = Vector256.Create(VectorInstructions.ZipLow(even, odd), VectorInstructions.ZipHigh(even, odd));
        Store(TFormat.FromCodes(codes & Vector256.Create((byte)0xF)), factors, offsets, ref to, Lanes);
        Store(TFormat.FromCodes((codes.AsInt16() >>> 4).AsByte() & Vector256.Create((byte)0xF)), factors, offsets, ref Unsafe.Add(ref to, Tile / 2), Lanes);
    }

    /// <summary>Stores 32 pairs of one element each of two rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreIntegers(Vector256<sbyte> even, Vector256<sbyte> odd, Vector256<int> factors, Vector256<int> offsets, ref int to)
    {
        StoreHalves(VectorInstructions.ZipLow(even, odd), factors, offsets, ref to);
        StoreHalves(VectorInstructions.ZipHigh(even, odd), factors, offsets, ref Unsafe.Add(ref to, Lanes));
    }

    /// <summary>Stores eight pairs of the first 16 of 32 elements, and eight of the others, each in a half of 128 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreHalves(Vector256<sbyte> pairs, Vector256<int> factors, Vector256<int> offsets, ref int to)
    {
        pairs = Doubled(pairs);
        var first = ToIntegers(VectorInstructions.ZipLow(Vector256<sbyte>.Zero, pairs), factors, offsets);
        var second = ToIntegers(VectorInstructions.ZipHigh(Vector256<sbyte>.Zero, pairs), factors, offsets);
        VectorInstructions.LowerHalves(first, second).StoreUnsafe(ref to);
        VectorInstructions.UpperHalves(first, second).StoreUnsafe(ref to, Tile / 2);
    }

    /// <summary>The factor of 32 elements, or those of the first 16 and of the second.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Spread(ref readonly int factors) => TFormat.Group == BlockFormat.Step
        ? Vector256.Create(factors)
        : Vector256.Create(Vector128.Create(factors), Vector128.Create(Unsafe.Add(ref Unsafe.AsRef(in factors), 1)));

    /// <summary>q or 2 q: behind a byte of zeros it is 2^8 of itself, and 2^9 is wanted of types of 4 bits. Doubling half as many vectors takes half as long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Doubled(Vector256<sbyte> q) => Precision < 7 ? q + q : q;

    /// <summary>What stands for elements, given q, or its double, behind a byte of zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> ToIntegers(Vector256<sbyte> q, Vector256<int> factors, Vector256<int> offsets)
    {
        var (words, precision) = (q.AsInt16(), Precision);
        if (precision < 6)
            words <<= 6 - precision;
        if (precision > 7)
            words >>= precision - 7;
        words = VectorInstructions.MultiplyHighRounded(words, factors.AsInt16());
        return (TFormat.HasConstants ? words + offsets.AsInt16() : words).AsInt32();
    }
}
