using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// <see cref="RmsNorm"/> and the product with a frozen weight that follows it: x [D, T], w [D], y = w ∘ x / r with r = sqrt(mean(x²) + ε):
/// dx = (g - x (x·g) / (D r²)) / r with g = w ∘ dy.
/// </summary>
/// <param name="epsilon">ε.</param>
internal sealed class WeightedRmsNorm(float epsilon) : ITensorKernel, IGradientRule
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var width = (int)result.Ne(0);
        var w = result.Source(1).HostSpan<float>(0, width);
        foreach (var row in work.Items(result.Shape.Rows))
        {
            var x = result.Source(0).HostSpan<float>(row * width, width);
            var y = result.HostSpan<float>(row * width, width);
            TensorPrimitives.Multiply(x, 1 / MathF.Sqrt(TensorPrimitives.SumOfSquares<float>(x) / width + epsilon), y);
            TensorPrimitives.Multiply(y, w, y);
        }
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, w) = (y.Source(0), y.Source(1));
        var kernel = new WeightedRmsNormGradient(epsilon);
        pass.AddTo(x, sum => sum.IsNull
            ? pass.Builder.Custom(kernel, x.Shape, x, w, dy)
            : pass.Builder.Custom(kernel, x.Shape, x, w, dy, sum));
    }
}
