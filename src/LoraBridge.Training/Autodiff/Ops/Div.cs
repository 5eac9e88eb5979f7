using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = a / b, b broadcast to the shape of a: da = dy / b, db = -dy ∘ y / b summed over the repetitions of b.</summary>
internal sealed class Div : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        var da = pass.Builder.Div(dy, b);
        pass.Add(a, da);
        if (pass.Needs(b))
            pass.Add(b, pass.Builder.Scale(pass.Builder.SumTo(pass.Builder.Mul(da, y), b.Shape), -1));
    }
}
