using System.Runtime.InteropServices;
using LoraBridge.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// The products of attention, of F32 matrices for each head: a [K, M, G], b [K, N, H], y [M, N, H], y[m, n, h] = Σₖ a[k, m, h / (H / G)] b[k, n, h].
/// Gradients are those of <see cref="MatMul"/>; only the forward product is computed by our blocking instead of ggml's.
/// </summary>
internal sealed class BatchedMatMul : IProductKernel, IGradientRule
{
    public static readonly BatchedMatMul Instance = new();

    private static readonly MatMul Rule = new();

    /// <summary>Whether a product can be computed so.</summary>
    public static bool Takes(TensorPtr a, TensorPtr b) =>
        a.IsFloat && b.IsFloat && a.HasContiguousRows && b.HasContiguousRows && a.Ne(0) == b.Ne(0)
        && b.Ne(2) % a.Ne(2) == 0 && b.Ne(3) % a.Ne(3) == 0 && a.Nb(1) % sizeof(float) == 0 && b.Nb(1) % sizeof(float) == 0;

    public double Operations(TensorPtr result) => 2.0 * result.Source(0).Ne(0) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (a, b) = (result.Source(0), result.Source(1));
        var (k, m, n) = ((int)a.Ne(0), (int)a.Ne(1), (int)b.Ne(1));
        var (groups2, groups3) = (b.Ne(2) / a.Ne(2), b.Ne(3) / a.Ne(3));
        var (first, end, firstColumn, endColumn) = MatrixWork.Split(b.Ne(2) * b.Ne(3), m, GgmlTensorType.F32, worker, workers);
        for (var matrix = first; matrix < end; matrix++)
        {
            var (i2, i3) = (matrix % b.Ne(2), matrix / b.Ne(2));
            var left = new LeftFactor(Matrix(b, i2, i3), (int)(b.Nb(1) / sizeof(float)), 1);
            var right = new TransposedRows(Matrix(a, i2 / groups2, i3 / groups3), (int)(a.Nb(1) / sizeof(float)));
            Gemm.Multiply(left, right, result.HostSpan<float>(matrix * m * n, m * n), m, n, k, firstColumn, endColumn, accumulate: false);
        }
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy) => Rule.Backward(pass, y, dy);

    private static ReadOnlySpan<float> Matrix(TensorPtr tensor, long i2, long i3)
    {
        var bytes = (tensor.Ne(1) - 1) * tensor.Nb(1) + tensor.Ne(0) * sizeof(float);
        return MemoryMarshal.Cast<byte, float>(tensor.HostBytes(i2 * tensor.Nb(2) + i3 * tensor.Nb(3), checked((int)bytes)));
    }
}
