using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Training.Kernels;

/// <summary>Panels of a right factor that is stored column by column: B[k, n] is element k of row n of what is stored.</summary>
internal readonly struct ColumnPanels<TRows>(TRows columns) : IPanelSource where TRows : IRowSource
{
    /// <summary>Columns that are transposed at a time.</summary>
    private const int Group = 4;

    private const int Tile = FixedPointKernel.Columns, RowPairs = FixedPointGemm.PanelDepth / 2;

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

    /// <summary>[4][pairs] -> [pairs][32], the first four of each.</summary>
    private static void Transpose(ReadOnlySpan<int> packed, int pairs, Span<int> target)
    {
        var whole = pairs / Group * Group;
        for (var pair = 0; pair < whole; pair += Group)
        {
            ref var from = ref Unsafe.AsRef(in packed[pair]);
            var (a, b) = (Vector128.LoadUnsafe(ref from), Vector128.LoadUnsafe(ref from, RowPairs));
            var (c, d) = (Vector128.LoadUnsafe(ref from, 2 * RowPairs), Vector128.LoadUnsafe(ref from, 3 * RowPairs));
            var (ab, cd) = (Sse2.UnpackLow(a, b).AsInt64(), Sse2.UnpackLow(c, d).AsInt64());
            ref var to = ref target.Slice(pair * Tile, 3 * Tile + Group)[0];
            Sse2.UnpackLow(ab, cd).AsInt32().StoreUnsafe(ref to);
            Sse2.UnpackHigh(ab, cd).AsInt32().StoreUnsafe(ref to, Tile);
            (ab, cd) = (Sse2.UnpackHigh(a, b).AsInt64(), Sse2.UnpackHigh(c, d).AsInt64());
            Sse2.UnpackLow(ab, cd).AsInt32().StoreUnsafe(ref to, 2 * Tile);
            Sse2.UnpackHigh(ab, cd).AsInt32().StoreUnsafe(ref to, 3 * Tile);
        }
        for (var pair = whole; pair < pairs; pair++)
            for (var i = 0; i < Group; i++)
                target[pair * Tile + i] = packed[i * RowPairs + pair];
    }
}
