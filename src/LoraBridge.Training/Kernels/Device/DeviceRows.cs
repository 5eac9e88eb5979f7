using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>Gradients of operations that choose rows, or run along them.</summary>
internal static class DeviceRows
{
    /// <summary>Rows of one matrix, or of several where no row is chosen twice: the best of something.</summary>
    public static bool TakesGetRows(TensorPtr y) => IsMatrix(y.Source(0)) || IsRanking(y.Source(1));

    /// <summary>x [D, N, H], indices [I, H], y[:, i, h] = x[:, indices[i, h], h]: dx[:, n, h] = Σ dy[:, i, h] over the i with indices[i, h] = n.</summary>
    public static void GetRows(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, indices, builder) = (y.Source(0), y.Source(1), pass.Builder);
        if (!pass.Needs(x))
            return;
        indices = builder.Contiguous(indices);
        pass.Add(x, IsMatrix(x)
            ? builder.GetRowsBack(dy, indices, x)
            : builder.Record(Ggml.ggml_set_rows(builder.Context, builder.Zeros(x.Shape), dy, indices)));
    }

    /// <summary>y[i] = x[0] + ... + x[i] along rows: dx[i] = dy[i] + dy[i + 1] + ..., the sum of the row less what is before i.</summary>
    public static void CumSum(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        var before = builder.Sub(builder.Record(Ggml.ggml_cumsum(builder.Context, dy)), dy);
        pass.Add(y.Source(0), builder.Sub(builder.Repeat(builder.SumRows(dy), dy.Shape), before));
    }

    private static bool IsMatrix(TensorPtr x) => x.Shape.Rows == x.Ne(1);

    private static bool IsRanking(TensorPtr indices)
    {
        while (indices.IsView || indices.Op == GgmlOp.Cont)
            indices = indices.Source(0);
        return indices.Op is GgmlOp.Argsort or GgmlOp.TopK;
    }
}
