using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>x [D, T], y [1, T] = sums of rows: dx = dy repeated D times.</summary>
internal sealed class SumRows : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        pass.Add(y.Source(0), pass.Builder.Repeat(dy, y.Source(0).Shape));
    }
}
