using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = log x: dx = dy / x.</summary>
internal sealed class Log : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        pass.Add(y.Source(0), pass.Builder.Div(dy, pass.Builder.Contiguous(y.Source(0))));
    }
}
