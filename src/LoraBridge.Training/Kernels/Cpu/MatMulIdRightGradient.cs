using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// db[:, u, t] = a[:, :, ids[u, t]] dy[:, u, t]: the gradient of a product with experts with respect to its right argument. Sources:
/// a [K, M, E] of any type with contiguous rows, ids [U, T], and dy [M, U, T], contiguous. Rows are computed expert by expert, so
/// each matrix is dequantised once, a panel at a time, however many tokens use it.
/// </summary>
internal sealed class MatMulIdRightGradient : ITensorKernel
{
    public static readonly MatMulIdRightGradient Instance = new();

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (a, ids, dy) = (result.Source(0), result.Source(1), result.Source(2));
        var (k, m, experts) = ((int)a.Ne(0), (int)a.Ne(1), (int)a.Ne(2));
        var groups = new ExpertGroups(ids.HostSpan<int>(0, (int)ids.ElementCount), experts);
        var (first, end, firstColumn, endColumn) = MatrixWork.Split(experts, k, a.Type, worker, workers);
        var gradients = new float[groups.Largest * m];
        var product = new float[groups.Largest * k];
        for (var e = first; e < end; e++)
        {
            var rows = groups[e];
            if (rows.IsEmpty)
                continue;
            for (var i = 0; i < rows.Length; i++)
                dy.HostSpan<float>((long)rows[i] * m, m).CopyTo(gradients.AsSpan(i * m));
            Gemm.Multiply(
                new LeftFactor(gradients, m, 1), new TensorRows(a, e, 0), product, k, rows.Length, m, firstColumn, endColumn,
                accumulate: false);
            for (var i = 0; i < rows.Length; i++)
                product.AsSpan(i * k + firstColumn, endColumn - firstColumn)
                    .CopyTo(result.HostSpan<float>((long)rows[i] * k + firstColumn, endColumn - firstColumn));
        }
    }
}
