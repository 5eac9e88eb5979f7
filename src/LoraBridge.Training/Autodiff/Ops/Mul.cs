using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = a ∘ b, b broadcast to the shape of a: da = dy ∘ b, db = dy ∘ a summed over the repetitions of b.</summary>
internal sealed class Mul : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        if (pass.Needs(a))
            pass.Add(a, pass.Builder.Mul(dy, b));
        if (pass.Needs(b))
            pass.Add(b, pass.Builder.SumTo(pass.Builder.Mul(dy, a), b.Shape));
    }
}
