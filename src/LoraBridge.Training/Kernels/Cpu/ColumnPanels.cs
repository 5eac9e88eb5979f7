using System.Runtime.CompilerServices;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Panels of a right factor B[k, n] that is element k of row n of a matrix.</summary>
internal readonly struct ColumnPanels(TensorPtr matrix, long i2, long i3)
{
    private const int Tile = ProductTile.Columns, RowPairs = ProductTile.Depth / 2;

    private readonly TensorRows _columns = new(matrix, i2, i3);

    /// <summary>Columns that are transposed at a time: as many as a vector has pairs.</summary>
    private static int Group => PairTranspose.Largest;

    public void Fill(int k, int height, int column, int width, Span<float> stage, Span<int> panel, Span<float> scales)
    {
        if (!BlockFormat.TryVisit(matrix.Type, new BlockFilling(_columns, k, height, column, width, stage, panel, scales)))
            Fill(new FloatColumns(_columns, stage[..height]), k, height, column, width, panel, scales);
    }

    /// <summary>Packs columns along the inner dimension.</summary>
    private interface IColumnPacking
    {
        /// <param name="column">The first column.</param>
        /// <param name="count">Columns, at most <see cref="Group"/>.</param>
        /// <param name="k">The first element of each.</param>
        /// <param name="height">Elements of each.</param>
        /// <param name="packed">The integers; a column has room for 128 pairs.</param>
        /// <param name="scales">By column, what an integer stands for.</param>
        void Pack(int column, int count, int k, int height, scoped Span<int> packed, Span<float> scales);
    }

    private static void Fill<TPacking>(TPacking packing, int k, int height, int column, int width, Span<int> panel, Span<float> scales)
        where TPacking : IColumnPacking, allows ref struct
    {
        var pairs = (height + 1) / 2;
        var padded = (width + Tile - 1) / Tile * Tile;
        Span<int> packed = stackalloc int[Group * RowPairs];
        for (var n = 0; n < padded; n += Group)
        {
            var count = Math.Clamp(width - n, 0, Group);
            packed[(count * RowPairs)..].Clear();
            scales.Slice(n + count, Group - count).Clear();
            if (count > 0)
                packing.Pack(column + n, count, k, height, packed, scales[n..]);
            Transpose(packed, pairs, panel.Slice(n / Tile * pairs * Tile, pairs * Tile)[(n % Tile)..]);
        }
    }

    /// <summary>[Group][pairs] -> [pairs][32], the first of each 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(ReadOnlySpan<int> packed, int pairs, Span<int> target)
    {
        var whole = pairs / Group * Group;
        for (var pair = 0; pair < whole; pair += Group)
        {
            ref var from = ref Unsafe.AsRef(in packed.Slice(pair, (Group - 1) * RowPairs + Group)[0]);
            ref var to = ref target.Slice(pair * Tile, (Group - 1) * Tile + Group)[0];
            PairTranspose.Square(ref from, RowPairs, ref to, Tile);
        }
        for (var pair = whole; pair < pairs; pair++)
            for (var i = 0; i < Group; i++)
                target[pair * Tile + i] = packed[i * RowPairs + pair];
    }

    private readonly ref struct FloatColumns(TensorRows columns, Span<float> line) : IColumnPacking
    {
        private readonly TensorRows _columns = columns;
        private readonly Span<float> _line = line;

        public void Pack(int column, int count, int k, int height, scoped Span<int> packed, Span<float> scales)
        {
            for (var i = 0; i < count; i++)
            {
                _columns.Read(column + i, k, _line);
                scales[i] = FixedPointPanel.PackRow(_line, packed.Slice(i * RowPairs, RowPairs));
            }
        }
    }

    private readonly ref struct BlockColumns<TFormat>(TensorRows columns, Span<float> work) : IColumnPacking where TFormat : struct, IBlockFormat
    {
        private readonly TensorRows _columns = columns;
        private readonly Span<float> _work = work;

        public void Pack(int column, int count, int k, int height, scoped Span<int> packed, Span<float> scales) =>
            BlockPanels<TFormat>.PackRows(_columns, column, count, k, height, _work, packed, scales);
    }

    private readonly ref struct BlockFilling(
        TensorRows columns, int k, int height, int column, int width, Span<float> stage, Span<int> panel, Span<float> scales) : IBlockVisitor
    {
        private readonly TensorRows _columns = columns;
        private readonly Span<float> _stage = stage;
        private readonly Span<int> _panel = panel;
        private readonly Span<float> _scales = scales;

        public void Visit<TFormat>() where TFormat : struct, IBlockFormat =>
            Fill(new BlockColumns<TFormat>(_columns, _stage), k, height, column, width, _panel, _scales);
    }
}
