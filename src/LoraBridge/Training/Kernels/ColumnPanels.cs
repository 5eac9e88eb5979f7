using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Training.Kernels;

/// <summary>Panels of a right factor that is stored column by column: B[k, n] is element k of row n of what is stored.</summary>
internal readonly struct ColumnPanels<TRows>(TRows columns) : IPanelSource where TRows : IRowSource
{
    private const int Tile = FixedPointKernel.Columns, RowPairs = FixedPointGemm.PanelDepth / 2;

    /// <summary>Columns that are transposed at a time: as many as a vector has pairs.</summary>
    private static int Group => Avx512F.IsSupported ? 16 : 4;

    public void Fill(int k, int height, int column, int width, Span<float> stage, Span<int> panel, Span<float> scales)
    {
        var pairs = (height + 1) / 2;
        var padded = (width + Tile - 1) / Tile * Tile;
        var line = stage[..height];
        Span<int> packed = stackalloc int[Group * RowPairs];
        for (var n = 0; n < padded; n += Group)
        {
            for (var i = 0; i < Group; i++)
            {
                var row = packed.Slice(i * RowPairs, RowPairs);
                if (n + i < width)
                {
                    columns.Read(column + n + i, k, line);
                    scales[n + i] = FixedPointPanel.PackRow(line, row);
                }
                else
                {
                    row.Clear();
                    scales[n + i] = 0;
                }
            }
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
            if (Avx512F.IsSupported)
                PairTranspose.Sixteen(ref from, RowPairs, ref to, Tile);
            else
                PairTranspose.Four(ref from, RowPairs, ref to, Tile);
        }
        for (var pair = whole; pair < pairs; pair++)
            for (var i = 0; i < Group; i++)
                target[pair * Tile + i] = packed[i * RowPairs + pair];
    }
}
