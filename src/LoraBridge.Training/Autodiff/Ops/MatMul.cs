using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// a [K, M], b [K, N], y [M, N]: y = aᵀ b, that is y[m, n] = Σₖ a[k, m] b[k, n].
/// db = a dy: db[k, n] = Σₘ a[k, m] dy[m, n].
/// da = b dyᵀ: da[k, m] = Σₙ b[k, n] dy[m, n].
/// Over dimensions 2 and 3, where a is broadcast (the heads of a group share keys and values), da sums over the heads that share it.
/// </summary>
/// <remarks>
/// For an adapter's branch s B (A x), with A [D, R] and B [R, M] in this layout, the two rules give dB = s (A x) dyᵀ,
/// dA = s x (Bᵀ dy)ᵀ and dx = s A Bᵀ dy: B A, of the size of a weight, is never formed. LoRA, <see href="https://arxiv.org/abs/2106.09685"/>.
/// </remarks>
internal sealed class MatMul : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        if (pass.Needs(b))
        {
            var rows = a.HasContiguousRows ? a : pass.Builder.Contiguous(a);
            pass.Add(b, pass.Builder.Custom(MatMulRightGradient.Instance, b.Shape, rows, dy));
        }
        if (pass.Needs(a))
        {
            var rows = b.HasContiguousRows ? b : pass.Builder.Contiguous(b);
            pass.Add(a, pass.Builder.Custom(MatMulLeftGradient.Instance, a.Shape, rows, dy));
        }
    }
}
