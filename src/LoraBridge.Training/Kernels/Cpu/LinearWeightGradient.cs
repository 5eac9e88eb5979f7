using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// dW[k, m] = Σₙ x[k, n] dy[m, n]: the gradient of a product with respect to its matrix, in F32: it is what weights are changed by. Where matrices of x
/// and dy share one of W, or an expert gets some of their rows, over all of these. Sources: x with contiguous rows, dy, contiguous, and, if there are
/// experts, ids [U, T], with x [K, B, T] and dy [M, U, T].
/// </summary>
internal sealed class LinearWeightGradient : IProductKernel
{
    /// <summary>Columns k of a piece: whole tiles, and whole blocks where x is quantised.</summary>
    private const int PieceColumns = 256;

    public double Operations(TensorPtr result) => 2.0 * result.Ne(0) * result.Source(1).ElementCount;

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var (x, dy, ids) = (result.Source(0), result.Source(1), result.Source(2));
        var pieces = (result.Ne(0) + PieceColumns - 1) / PieceColumns;
        var groups = ids.IsNull ? null : work.Share(_ => RowGroups.ByExpert(ids.HostSpan<int>(0, (int)ids.ElementCount), (int)result.Ne(2)));
        foreach (var item in work.Items(result.Ne(2) * result.Ne(3) * pieces))
        {
            var (matrix, piece) = (item / pieces, (int)(item % pieces) * PieceColumns);
            var end = Math.Min(piece + PieceColumns, (int)result.Ne(0));
            if (groups is null)
                Sum(result, x, dy, matrix, piece, end);
            else
                SumOfExpert(result, x, dy, (int)ids.Ne(0), groups, (int)matrix, piece, end);
        }
    }

    private static void Sum(TensorPtr result, TensorPtr x, TensorPtr dy, long matrix, int first, int end)
    {
        var (k, m, n) = ((int)result.Ne(0), (int)result.Ne(1), (int)dy.Ne(1));
        var (shared2, shared3) = (dy.Ne(2) / result.Ne(2), dy.Ne(3) / result.Ne(3));
        var (i2, i3) = (matrix % result.Ne(2), matrix / result.Ne(2));
        var product = result.HostSpan<float>(matrix * k * m, k * m);
        for (var j = 0L; j < shared2 * shared3; j++)
        {
            var (j2, j3) = (i2 * shared2 + j % shared2, i3 * shared3 + j / shared2);
            var gradient = dy.HostSpan<float>((j3 * dy.Ne(2) + j2) * m * n, m * n);
            Gemm.Multiply(new LeftFactor(gradient, 1, m), new TensorRows(x, j2, j3), product, k, m, n, first, end, accumulate: j > 0);
        }
    }

    private static void SumOfExpert(TensorPtr result, TensorPtr x, TensorPtr dy, int used, RowGroups groups, int expert, int first, int end)
    {
        var (k, m) = ((int)result.Ne(0), (int)result.Ne(1));
        var product = result.HostSpan<float>((long)expert * k * m, k * m);
        var group = groups.All.FirstOrDefault(group => group.Matrix == expert);
        if (group.Rows == 0)
        {
            for (var i = 0; i < m; i++)
                product[(i * k + first)..(i * k + end)].Clear();
            return;
        }

        using var scratch = new Scratch(group.Rows * m);
        for (var i = 0; i < group.Rows; i++)
            dy.HostSpan<float>((long)groups.Row(group, i) * m, m).CopyTo(scratch.Floats[(i * m)..]);
        Gemm.Multiply(new LeftFactor(scratch.Floats, 1, m), new ExpertRows(x, used, groups, group), product, k, m, group.Rows, first, end, accumulate: false);
    }

    /// <summary>The rows of x that an expert gets.</summary>
    private readonly struct ExpertRows(TensorPtr x, int used, RowGroups groups, RowGroup group) : IRowSource
    {
        public void Read(int row, int start, Span<float> destination)
        {
            var (t, u) = Math.DivRem(groups.Row(group, row), used);
            x.HostSpan<float>((t * x.Ne(1) + u % x.Ne(1)) * x.Ne(0) + start, destination.Length).CopyTo(destination);
        }
    }
}
