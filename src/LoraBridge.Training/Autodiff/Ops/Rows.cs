using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>How gradients pass back through operations that choose rows.</summary>
internal static class Rows
{
    /// <summary>
    /// x [D, N, H], indices [I, H], y [D, I, H]: y[:, i, h] = x[:, indices[i, h], h]. dx gathers dy: dx[:, n, h] = Σ dy[:, i, h] over
    /// the i with indices[i, h] = n.
    /// </summary>
    public static void GetRows(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, indices) = (y.Source(0), y.Source(1));
        if (pass.Needs(x))
            pass.Add(x, pass.Builder.Custom(new GetRowsGradient(), x.Shape, dy, pass.Builder.Contiguous(indices)));
    }

    /// <summary>
    /// rows b [D, I, H], indices [I, H], a [D, N, H]; y is a, with row indices[i, h] of matrix h replaced by b[:, i, h]: db gathers those
    /// rows of dy, da is dy without them. See <see cref="SetRowsGradient"/>.
    /// </summary>
    /// <remarks>Where several rows go to one place, which of them stays is not defined; nor is the gradient then.</remarks>
    public static void SetRows(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (b, indices, a) = (y.Source(0), y.Source(1), y.Source(2));
        var gradients = PackedGradients.Emit(
            pass.Builder, new SetRowsGradient(), [dy, pass.Builder.Contiguous(indices)], b.Shape, y.Shape);
        pass.Add(b, gradients[0]);
        pass.Add(a, gradients[1]);
    }

    /// <summary>
    /// a [D, U, T], b [D, E], ids [U, T], y[:, u, t] = a[:, u, t] + b[:, ids[u, t]], the biases of the experts in use: da = dy,
    /// db[:, e] = Σ dy[:, u, t] over the (u, t) with ids[u, t] = e.
    /// </summary>
    public static void AddId(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b, ids) = (y.Source(0), y.Source(1), y.Source(2));
        pass.Add(a, dy);
        if (!pass.Needs(b))
            return;
        var rows = new Shape(y.Ne(0), y.Shape.Rows);
        var gradient = pass.Builder.Reshape(dy, rows);
        var indices = pass.Builder.Reshape(ids, new Shape(rows.Ne1));
        pass.Add(b, pass.Builder.Custom(new GetRowsGradient(), b.Shape, gradient, indices));
    }
}

/// <summary>dx[:, n, h] = Σ dy[:, i, h] over the i with indices[i, h] = n. Sources: dy [D, I, H...], indices [I, H...], contiguous.</summary>
internal sealed class GetRowsGradient : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var (dy, indices) = (result.Source(0), result.Source(1));
        var (width, targets, rows) = (result.Ne(0), result.Ne(1), dy.Ne(1));
        var matrices = result.Ne(2) * result.Ne(3);
        // Several rows may go to one target, so threads share the columns: every sum stays with one thread, in one order.
        foreach (var columns in work.Ranges(width, 16))
            for (var matrix = 0L; matrix < matrices; matrix++)
            {
                for (var n = 0L; n < targets; n++)
                    result.HostSpan<float>((matrix * targets + n) * width + columns.Start, columns.Length).Clear();
                for (var i = 0L; i < rows; i++)
                {
                    var n = indices.HostSpan<int>(matrix * rows + i, 1)[0];
                    var target = result.HostSpan<float>((matrix * targets + n) * width + columns.Start, columns.Length);
                    TensorPrimitives.Add(target, dy.HostSpan<float>((matrix * rows + i) * width + columns.Start, columns.Length), target);
                }
            }
    }
}

/// <summary>
/// Gradients of replacing rows: db[:, i, h] = dy[:, indices[i, h], h], da = dy with zeros in these rows. Sources: dy [D, N, H...],
/// indices [I, H..., I32 or I64, repeated over the matrices of dy], contiguous. The result is db [D, I, H...] followed by da.
/// </summary>
internal sealed class SetRowsGradient : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var (dy, indices) = (result.Source(0), result.Source(1));
        var (width, targets, rows) = ((int)dy.Ne(0), dy.Ne(1), indices.Ne(0));
        var db = dy.Ne(2) * dy.Ne(3) * rows * width;
        foreach (var matrix in work.Items(dy.Ne(2) * dy.Ne(3)))
        {
            var (i2, i3) = (matrix % dy.Ne(2), matrix / dy.Ne(2));
            var list = (i3 % indices.Ne(2) * indices.Ne(1) + i2 % indices.Ne(1)) * rows;
            var source = dy.HostSpan<float>(matrix * targets * width, (int)targets * width);
            var da = result.HostSpan<float>(db + matrix * targets * width, source.Length);
            source.CopyTo(da);
            for (var i = 0L; i < rows; i++)
            {
                var n = indices.Type == GgmlType.I64
                    ? (int)indices.HostSpan<long>(list + i, 1)[0]
                    : indices.HostSpan<int>(list + i, 1)[0];
                source.Slice(n * width, width).CopyTo(result.HostSpan<float>((matrix * rows + i) * width, width));
                da.Slice(n * width, width).Clear();
            }
        }
    }
}
