using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// a [D, U, T], b [D, E], ids [U, T], y[:, u, t] = a[:, u, t] + b[:, ids[u, t]], the biases of the experts in use: da = dy,
/// db[:, e] = Σ dy[:, u, t] over the (u, t) with ids[u, t] = e.
/// </summary>
internal sealed class AddId : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b, ids) = (y.Source(0), y.Source(1), y.Source(2));
        pass.Add(a, dy);
        if (!pass.Needs(b))
            return;
        var rows = new Shape(y.Ne(0), y.Shape.Rows);
        var gradient = pass.Builder.Reshape(dy, rows);
        var indices = pass.Builder.Reshape(ids, new Shape(rows.Ne1));
        pass.Add(b, pass.Builder.Custom(GetRowsGradient.Instance, b.Shape, gradient, indices));
    }
}
