using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// da[:, :, e] = Σ b[:, u mod B, t] dy[:, u, t]ᵀ over the (u, t) with ids[u, t] = e, 0 for experts that no token uses: the gradient of
/// a product with experts with respect to them. Sources: b [K, B, T], ids [U, T], dy [M, U, T], all contiguous.
/// </summary>
internal sealed class MatMulIdLeftGradient : ITensorKernel
{
    public static readonly MatMulIdLeftGradient Instance = new();

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (b, ids, dy) = (result.Source(0), result.Source(1), result.Source(2));
        var (k, m, experts) = ((int)result.Ne(0), (int)result.Ne(1), (int)result.Ne(2));
        var groups = new ExpertGroups(ids.HostSpan<int>(0, (int)ids.ElementCount), experts);
        var (first, end, firstColumn, endColumn) = MatrixWork.Split(experts, k, GgmlType.F32, worker, workers);
        var gradients = new float[groups.Largest * m];
        var inputs = new float[groups.Largest * k];
        for (var e = first; e < end; e++)
        {
            var rows = groups[e];
            var product = result.HostSpan<float>(e * k * m, k * m);
            if (rows.IsEmpty)
            {
                for (var i = 0; i < m; i++)
                    product[(i * k + firstColumn)..(i * k + endColumn)].Clear();
                continue;
            }

            for (var i = 0; i < rows.Length; i++)
            {
                var (t, u) = Math.DivRem(rows[i], (int)ids.Ne(0));
                var input = t * b.Ne(1) + u % b.Ne(1);
                dy.HostSpan<float>((long)rows[i] * m, m).CopyTo(gradients.AsSpan(i * m));
                b.HostSpan<float>(input * k, k).CopyTo(inputs.AsSpan(i * k));
            }
            Gemm.Multiply(
                new LeftFactor(gradients, 1, m), new ArrayRows(inputs, k), product, k, m, rows.Length, firstColumn, endColumn,
                accumulate: false);
        }
    }

    /// <summary>Rows of <paramref name="width"/> elements in managed memory.</summary>
    private readonly struct ArrayRows(float[] data, int width) : IRowSource
    {
        public void Read(int row, int start, Span<float> destination) =>
            data.AsSpan(row * width + start, destination.Length).CopyTo(destination);
    }
}
