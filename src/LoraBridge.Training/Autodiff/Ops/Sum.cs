using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y [1] = the sum of all elements of x: each element of dx is dy.</summary>
internal sealed class Sum : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        pass.Add(y.Source(0), pass.Builder.Repeat(dy, y.Source(0).Shape));
    }
}
