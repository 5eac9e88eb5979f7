using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// Products with the experts in use: a [K, M, E], b [K, B, T], ids [U, T], y [M, U, T], with B dividing U:
/// y[:, u, t] = a[:, :, ids[u, t]]ᵀ b[:, u mod B, t].
/// db[:, v, t] = Σ a[:, :, ids[u, t]] dy[:, u, t] over the u with u mod B = v.
/// da[:, :, e] = Σ b[:, u mod B, t] dy[:, u, t]ᵀ over the (u, t) with ids[u, t] = e.
/// </summary>
/// <remarks>The choice of experts has no gradient. What they weigh in the sum has: through the weights it is multiplied with.</remarks>
internal sealed class MatMulId : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        var (a, b, ids) = (y.Source(0), y.Source(1), builder.Contiguous(y.Source(2)));
        if (pass.Needs(b))
        {
            var rows = a.HasContiguousRows ? a : builder.Contiguous(a);
            var perExpert = builder.Custom(MatMulIdRightGradient.Instance, new Shape(a.Ne(0), y.Ne(1), y.Ne(2)), rows, ids, dy);
            pass.Add(b, builder.SumTo(perExpert, b.Shape));
        }
        if (pass.Needs(a))
            pass.Add(a, builder.Custom(MatMulIdLeftGradient.Instance, a.Shape, builder.Contiguous(b), ids, dy));
    }
}
