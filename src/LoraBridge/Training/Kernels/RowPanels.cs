namespace LoraBridge.Training.Kernels;

/// <summary>Panels of a right factor that is stored row by row: B[k, n] is element n of row k.</summary>
internal readonly struct RowPanels<TRows>(TRows rows) : IPanelSource where TRows : IRowSource
{
    public void Fill(int k, int height, int column, int width, Span<float> stage, Span<int> panel, Span<float> scales)
    {
        for (var i = 0; i < height; i++)
            rows.Read(k + i, column, stage.Slice(i * FixedPointGemm.StageStride, width));
        FixedPointPanel.PackColumns(stage, height, width, panel, scales);
    }
}
