using System.Collections.Concurrent;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Copies of frozen matrices in integers of 8 bits, packed for the gradient's product, with a scale for every 256 elements of a column: nothing is left to
/// dequantise or to transpose. A matrix is copied when it is first used, by the threads that share its product.
/// </summary>
internal sealed class PanelCache
{
    private readonly ConcurrentDictionary<TensorPtr, CachedMatrix> _matrices = new();

    /// <summary>Bytes that the copy of a matrix takes.</summary>
    public static long BytesFor(long rows, long columns) =>
        (rows + 1) / 2 * 2 * Padded(columns) + (rows + FixedPointGemm.PanelDepth - 1) / FixedPointGemm.PanelDepth * Padded(columns) * sizeof(float);

    /// <summary>The copy of <paramref name="matrix"/> [K, M].</summary>
    public CachedMatrix Of(TensorPtr matrix) =>
        _matrices.GetOrAdd(matrix, key => new CachedMatrix(new RowPanels(key), (int)key.Ne(1), (int)key.Ne(0)));

    private static long Padded(long columns) => (columns + FixedPointKernel.Columns - 1) / FixedPointKernel.Columns * FixedPointKernel.Columns;
}
