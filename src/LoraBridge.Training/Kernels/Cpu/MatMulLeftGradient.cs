using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// da[k, m] = Σₙ b[k, n] dy[m, n]: the gradient of a product with respect to its left argument, summed over the matrices of dy
/// that share it. Sources: b [K, N] with contiguous rows, and dy [M, N], contiguous.
/// </summary>
internal sealed class MatMulLeftGradient : IProductKernel
{
    public static readonly MatMulLeftGradient Instance = new();

    public double Operations(TensorPtr result) => 2.0 * result.Ne(0) * result.Source(1).ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (b, dy) = (result.Source(0), result.Source(1));
        var (k, m, n) = ((int)result.Ne(0), (int)result.Ne(1), (int)dy.Ne(1));
        var (groups2, groups3) = (dy.Ne(2) / result.Ne(2), dy.Ne(3) / result.Ne(3));
        var matrices = result.Ne(2) * result.Ne(3);
        var (first, end, firstColumn, endColumn) = MatrixWork.Split(matrices, k, b.Type, worker, workers);
        for (var matrix = first; matrix < end; matrix++)
        {
            var (i2, i3) = (matrix % result.Ne(2), matrix / result.Ne(2));
            var product = result.HostSpan<float>(matrix * k * m, k * m);
            for (var j = 0L; j < groups2 * groups3; j++)
            {
                var (j2, j3) = (i2 * groups2 + j % groups2, i3 * groups3 + j / groups2);
                var gradient = dy.HostSpan<float>((j3 * dy.Ne(2) + j2) * m * n, m * n);
                Gemm.Multiply(
                    new LeftFactor(gradient, 1, m), new TensorRows(b, j2, j3), product, k, m, n, firstColumn, endColumn,
                    accumulate: j > 0);
            }
        }
    }
}
