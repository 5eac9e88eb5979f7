using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = a in another layout (CONT, DUP, CPY): da = dy in the shape of a.</summary>
internal sealed class Copy : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        pass.Add(y.Source(0), pass.Builder.Reshape(dy, y.Source(0).Shape));
    }
}
