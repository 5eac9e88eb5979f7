using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = x repeated to a larger shape: dx = dy summed over the repetitions.</summary>
internal sealed class Repeat : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        pass.Add(y.Source(0), pass.Builder.SumTo(dy, y.Source(0).Shape));
    }
}
