using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// x [D, T], y = x / r with r = sqrt(mean(x²) + ε): dx = (dy - y mean(dy ∘ y)) / r.
/// Zhang and Sennrich, <see href="https://arxiv.org/abs/1910.07467"/>.
/// </summary>
internal sealed class RmsNorm : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var x = y.Source(0);
        var epsilon = BitConverter.Int32BitsToSingle(y.OpParams[0]);
        pass.Add(x, pass.Builder.Custom(new RmsNormGradient(epsilon), x.Shape, pass.Builder.Contiguous(x), dy));
    }
}
