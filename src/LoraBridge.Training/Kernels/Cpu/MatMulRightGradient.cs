using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// db[k, n] = Σₘ a[k, m] dy[m, n]: the gradient of a product with respect to its right argument. Sources: a [K, M] of any type,
/// dequantised a panel at a time, and dy [M, N], contiguous.
/// </summary>
internal sealed class MatMulRightGradient : IProductKernel
{
    public static readonly MatMulRightGradient Instance = new();

    public double Operations(TensorPtr result) => 2.0 * result.Source(1).Ne(0) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (a, dy) = (result.Source(0), result.Source(1));
        var (k, m, n) = ((int)a.Ne(0), (int)a.Ne(1), (int)dy.Ne(1));
        var (groups2, groups3) = (dy.Ne(2) / a.Ne(2), dy.Ne(3) / a.Ne(3));
        var matrices = dy.Ne(2) * dy.Ne(3);
        var (first, end, firstColumn, endColumn) = MatrixWork.Split(matrices, k, a.Type, worker, workers);
        for (var matrix = first; matrix < end; matrix++)
        {
            var (i2, i3) = (matrix % dy.Ne(2), matrix / dy.Ne(2));
            var gradient = dy.HostSpan<float>(matrix * m * n, m * n);
            Gemm.Multiply(
                new LeftFactor(gradient, m, 1), new TensorRows(a, i2 / groups2, i3 / groups3),
                result.HostSpan<float>(matrix * k * n, k * n), k, n, m, firstColumn, endColumn, accumulate: false);
        }
    }
}
