using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = a + b, b broadcast to the shape of a: da = dy, db = dy summed over the repetitions of b.</summary>
internal sealed class Add : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        pass.Add(a, dy);
        if (pass.Needs(b))
            pass.Add(b, pass.Builder.SumTo(dy, b.Shape));
    }
}
