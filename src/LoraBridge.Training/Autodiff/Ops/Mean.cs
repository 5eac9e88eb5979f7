using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>x [D, T], y [1, T] = means of rows: dx = dy / D repeated D times.</summary>
internal sealed class Mean : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var x = y.Source(0);
        pass.Add(x, pass.Builder.Repeat(pass.Builder.Scale(dy, 1f / x.Ne(0)), x.Shape));
    }
}
