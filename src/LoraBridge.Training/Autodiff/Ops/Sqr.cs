using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = x²: dx = 2 x ∘ dy.</summary>
internal sealed class Sqr : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var x = pass.Builder.Contiguous(y.Source(0));
        pass.Add(y.Source(0), pass.Builder.Scale(pass.Builder.Mul(dy, x), 2));
    }
}
