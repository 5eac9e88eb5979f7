using LoraBridge.Native;
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
