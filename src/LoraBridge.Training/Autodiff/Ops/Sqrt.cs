using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = √x: dx = dy / (2 y).</summary>
internal sealed class Sqrt : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        pass.Add(y.Source(0), pass.Builder.Scale(pass.Builder.Div(dy, y), 0.5f));
    }
}
