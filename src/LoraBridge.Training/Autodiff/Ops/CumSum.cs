using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y[i] = x[0] + ... + x[i] along rows: dx[i] = dy[i] + dy[i + 1] + ... See <see cref="CumSumGradient"/>.</summary>
internal sealed class CumSum : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        pass.Add(y.Source(0), pass.Builder.Custom(CumSumGradient.Instance, y.Shape, dy));
    }
}
