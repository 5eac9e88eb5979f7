using System.Runtime.CompilerServices;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Panels of a right factor B[k, n] that is element k of row n of a matrix.</summary>
internal readonly struct ColumnPanels(TensorPtr matrix, long i2, long i3)
{
    private const int Tile = ProductTile.Columns, RowPairs = ProductTile.Depth / 2;

    private readonly TensorRows _columns = new(matrix, i2, i3);

    public void Fill(int k, int height, int column, int width, Span<float> stage, Span<int> panel, Span<float> scales)
    {
        if (BlockFormat.TryVisit(matrix.Type, new BlockFilling(_columns, k, height, column, width, stage, panel, scales)))
            return;
        var (pairs, group) = ((height + 1) / 2, PairTranspose.Largest);
        var line = stage[..height];
        Span<int> packed = stackalloc int[group * RowPairs];
        for (var n = 0; n < Padded(width); n += group)
        {
            var count = Math.Clamp(width - n, 0, group);
            packed[(count * RowPairs)..].Clear();
            scales.Slice(n + count, group - count).Clear();
            for (var i = 0; i < count; i++)
            {
                _columns.Read(column + n + i, k, line);
                scales[n + i] = FixedPointPanel.PackRow(line, packed.Slice(i * RowPairs, RowPairs));
            }
            Transpose(packed, pairs, TileOf(panel, n, pairs));
        }
    }

    private static int Padded(int width) => (width + Tile - 1) / Tile * Tile;

    /// <summary>The tile that a column is in, from there on.</summary>
    private static Span<int> TileOf(Span<int> panel, int column, int pairs) => panel.Slice(column / Tile * pairs * Tile, pairs * Tile)[(column % Tile)..];

    /// <summary>[columns][pairs] -> [pairs][32], the first of each 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(ReadOnlySpan<int> packed, int pairs, Span<int> target)
    {
        var group = PairTranspose.Largest;
        var whole = pairs / group * group;
        for (var pair = 0; pair < whole; pair += group)
            PairTranspose.Square(
                ref Unsafe.AsRef(in packed.Slice(pair, (group - 1) * RowPairs + group)[0]), RowPairs,
                ref target.Slice(pair * Tile, (group - 1) * Tile + group)[0], Tile);
        for (var pair = whole; pair < pairs; pair++)
            for (var i = 0; i < group; i++)
                target[pair * Tile + i] = packed[i * RowPairs + pair];
    }

    private readonly ref struct BlockFilling(
        TensorRows columns, int k, int height, int column, int width, Span<float> stage, Span<int> panel, Span<float> scales) : IBlockVisitor
    {
        private const int Group = 8;

        private readonly TensorRows _columns = columns;
        private readonly Span<float> _stage = stage;
        private readonly Span<int> _panel = panel;
        private readonly Span<float> _scales = scales;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Visit<TFormat>() where TFormat : struct, IBlockFormat
        {
            for (var n = 0; n < Padded(width); n += Group)
            {
                var tile = TileOf(_panel, n, height / 2);
                if (n < width)
                {
                    BlockPanels<TFormat>.PackRows(_columns, column + n, Math.Min(Group, width - n), k, height, _stage, tile, _scales[n..]);
                    continue;
                }
                for (var pair = 0; pair < height / 2; pair++)
                    tile.Slice(pair * Tile, Group).Clear();
                _scales.Slice(n, Group).Clear();
            }
        }
    }
}
