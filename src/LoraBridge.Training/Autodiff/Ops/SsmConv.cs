using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// A causal convolution along time, channel by channel: x [W - 1 + T, C, S], w [W, C], y [C, T, S]:
/// y[c, t, s] = Σⱼ w[j, c] x[t + j, c, s]. See <see cref="SsmConvGradient"/>.
/// </summary>
internal sealed class SsmConv : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        var (x, w) = (y.Source(0), y.Source(1));
        TensorPtr[] sources = [builder.Contiguous(x), builder.Contiguous(w), dy];
        var gradients = PackedGradients.Emit(builder, SsmConvGradient.Instance, sources, x.Shape, w.Shape);
        pass.Add(x, gradients[0]);
        pass.Add(w, gradients[1]);
    }
}
