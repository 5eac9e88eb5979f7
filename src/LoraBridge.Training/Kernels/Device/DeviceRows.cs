using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>Gradients of operations that choose rows, or run along them.</summary>
/// <param name="areDistinct">Whether no index among these, a leaf, is there twice.</param>
internal sealed class DeviceRows(Func<TensorPtr, bool> areDistinct)
{
    /// <summary>Rows of one matrix, or of several where no row is chosen twice.</summary>
    public bool TakesGetRows(TensorPtr y) => IsMatrix(y.Source(0)) || AreDistinct(y.Source(1));

    /// <summary>x [D, N, H], indices [I, H], y[:, i, h] = x[:, indices[i, h], h]: dx[:, n, h] = Σ dy[:, i, h] over the i with indices[i, h] = n.</summary>
    public void GetRows(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, indices, builder) = (y.Source(0), y.Source(1), pass.Builder);
        if (!pass.Needs(x))
            return;
        indices = builder.Contiguous(indices);
        // To write rows is faster by far than to look through all indices for each row.
        pass.Add(x, AreDistinct(y.Source(1))
            ? builder.Record(Ggml.ggml_set_rows(builder.Context, builder.Zeros(x.Shape), dy, indices))
            : builder.GetRowsBack(dy, indices, x));
    }

    /// <summary>y[i] = x[0] + ... + x[i] along rows: dx[i] = dy[i] + dy[i + 1] + ..., the sum of the row less what is before i.</summary>
    public static void CumSum(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        var before = builder.Sub(builder.Record(Ggml.ggml_cumsum(builder.Context, dy)), dy);
        pass.Add(y.Source(0), builder.Sub(builder.Repeat(builder.SumRows(dy), dy.Shape), before));
    }

    private static bool IsMatrix(TensorPtr x) => x.Shape.Rows == x.Ne(1);

    /// <summary>Whether indices are known to be different ones: the best of something, for example.</summary>
    private bool AreDistinct(TensorPtr indices)
    {
        while (indices.IsView || indices.Op == GgmlOp.Cont)
            indices = indices.Source(0);
        return indices.Op is GgmlOp.Argsort or GgmlOp.TopK || indices.Op == GgmlOp.None && areDistinct(indices);
    }
}
