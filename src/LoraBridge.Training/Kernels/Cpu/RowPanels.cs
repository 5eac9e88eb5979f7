namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Panels of a right factor B[k, n] that is element n of row k of a matrix.</summary>
internal readonly struct RowPanels(TensorPtr matrix, long i2, long i3)
{
    private readonly TensorRows _rows = new(matrix, i2, i3);

    public void Fill(int k, int height, int column, int width, Span<float> stage, Span<int> panel, Span<float> scales)
    {
        if (BlockFormat.TryVisit(matrix.Type, new BlockFilling(_rows, k, height, column, width, stage, panel, scales)))
            return;
        for (var i = 0; i < height; i++)
            _rows.Read(k + i, column, stage.Slice(i * ProductTile.StageStride, width));
        FixedPointPanel.PackColumns(stage, height, width, panel, scales);
    }

    private readonly ref struct BlockFilling(
        TensorRows rows, int k, int height, int column, int width, Span<float> stage, Span<int> panel, Span<float> scales) : IBlockVisitor
    {
        private readonly TensorRows _rows = rows;
        private readonly Span<float> _stage = stage;
        private readonly Span<int> _panel = panel;
        private readonly Span<float> _scales = scales;

        public void Visit<TFormat>() where TFormat : struct, IBlockFormat =>
            BlockPanels<TFormat>.PackColumns(_rows, k, height, column, width, _stage, _panel, _scales);
    }
}
