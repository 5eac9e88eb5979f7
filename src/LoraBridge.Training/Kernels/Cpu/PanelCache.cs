using System.Collections.Concurrent;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Copies of frozen matrices in integers of 8 bits, packed for the gradient's product, with a scale for every 256 elements of a column: nothing is left to
/// dequantise or to transpose. A matrix is copied when it is first used, by the threads that share its product.
/// </summary>
internal sealed class PanelCache
{
    private readonly ConcurrentDictionary<TensorPtr, Lazy<CachedMatrix>> _matrices = new();

    /// <summary>Bytes that copies of matrices take.</summary>
    public static long BytesFor(IEnumerable<TensorPtr> matrices) => matrices.Where(CachedMatrix.Fits).Sum(matrix => BytesFor(matrix.Ne(1), matrix.Ne(0)));

    private static long BytesFor(long rows, long columns) =>
        (rows + 1) / 2 * 2 * Padded(columns) + (rows + ProductTile.Depth - 1) / ProductTile.Depth * Padded(columns) * sizeof(float);

    /// <summary>The copy of <paramref name="matrix"/> [K, M]; null if it is too large for one.</summary>
    public CachedMatrix? Of(TensorPtr matrix) =>
        CachedMatrix.Fits(matrix) ? _matrices.GetOrAdd(matrix, key => new Lazy<CachedMatrix>(() => new CachedMatrix(key))).Value : null;

    private static long Padded(long columns) => (columns + ProductTile.Columns - 1) / ProductTile.Columns * ProductTile.Columns;
}
