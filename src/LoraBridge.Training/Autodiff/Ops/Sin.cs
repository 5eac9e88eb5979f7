using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = sin x: dx = dy ∘ cos x.</summary>
internal sealed class Sin : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var x = pass.Builder.Contiguous(y.Source(0));
        var kernel = new ElementwiseGradientKernel((values, slopes) => TensorPrimitives.Cos(values, slopes));
        pass.Add(y.Source(0), pass.Builder.Custom(kernel, y.Shape, x, dy));
    }
}
