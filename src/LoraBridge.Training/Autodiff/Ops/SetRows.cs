using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// rows b [D, I, H], indices [I, H], a [D, N, H]; y is a, with row indices[i, h] of matrix h replaced by b[:, i, h]: db gathers those
/// rows of dy, da is dy without them. See <see cref="SetRowsGradient"/>.
/// </summary>
/// <remarks>Where several rows go to one place, which of them stays is not defined; nor is the gradient then.</remarks>
internal sealed class SetRows : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (b, indices, a) = (y.Source(0), y.Source(1), y.Source(2));
        var gradients = PackedGradients.Emit(
            pass.Builder, SetRowsGradient.Instance, [dy, pass.Builder.Contiguous(indices)], b.Shape, y.Shape);
        pass.Add(b, gradients[0]);
        pass.Add(a, gradients[1]);
    }
}
