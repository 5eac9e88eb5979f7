using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = f(x) element by element: dx = dy ∘ f′(x), with f from <see cref="Activations"/>.</summary>
internal sealed class Unary : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var function = (GgmlUnaryOp)y.OpParams[0];
        var parameters = y.OpParams[1..5].ToArray().Select(BitConverter.Int32BitsToSingle).ToArray();
        var x = pass.Builder.Contiguous(y.Source(0));
        var kernel = new ElementwiseGradientKernel(Activations.Of(function, parameters).Slope);
        pass.Add(y.Source(0), pass.Builder.Custom(kernel, y.Shape, x, dy));
    }
}
