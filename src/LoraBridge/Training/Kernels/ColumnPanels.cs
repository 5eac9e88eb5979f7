namespace LoraBridge.Training.Kernels;

/// <summary>Panels of a right factor that is stored column by column: B[k, n] is element k of row n of what is stored.</summary>
internal readonly struct ColumnPanels<TRows>(TRows columns) : IPanelSource where TRows : IRowSource
{
    public void Fill(int k, int height, int column, int width, Span<float> stage, Span<int> panel, Span<float> scales)
    {
        const int Tile = FixedPointKernel.Columns;
        var pairs = (height + 1) / 2;
        var padded = (width + Tile - 1) / Tile * Tile;
        var line = stage[..height];
        Span<int> packed = stackalloc int[FixedPointGemm.PanelDepth / 2];
        for (var n = 0; n < padded; n++)
        {
            if (n < width)
            {
                columns.Read(column + n, k, line);
                scales[n] = FixedPointPanel.PackRow(line, packed);
            }
            else
            {
                packed.Clear();
                scales[n] = 0;
            }
            var target = panel.Slice(n / Tile * pairs * Tile, pairs * Tile);
            for (int pair = 0, at = n % Tile; pair < pairs; pair++, at += Tile)
                target[at] = packed[pair];
        }
    }
}
