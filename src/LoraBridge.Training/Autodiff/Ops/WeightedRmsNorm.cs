using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// <see cref="Norms.RmsNorm"/> and the product with a frozen weight that follows it: x [D, T], w [D], y = w ∘ x / r with r = sqrt(mean(x²) + ε):
/// dx = (g - x (x·g) / (D r²)) / r with g = w ∘ dy.
/// </summary>
/// <param name="epsilon">ε.</param>
internal sealed class WeightedRmsNorm(float epsilon) : ITensorKernel, IGradientRule
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var w = result.Source(1).Floats;
        foreach (var row in work.Items(result.Shape.Rows))
        {
            var x = result.Source(0).Row(row);
            var y = result.Row(row);
            TensorPrimitives.Multiply(x, 1 / MathF.Sqrt(TensorPrimitives.SumOfSquares<float>(x) / x.Length + epsilon), y);
            TensorPrimitives.Multiply(y, w, y);
        }
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, w) = (y.Source(0), y.Source(1));
        pass.AddTo(x, sum => pass.Builder.Custom(new WeightedRmsNormGradient(epsilon), x.Shape, x, w, dy, sum));
    }
}

/// <summary>
/// dx = (g - x (x·g) / (D r²)) / r over rows of D elements with g = w ∘ dy, for y = w ∘ x / r with r = sqrt(mean(x²) + ε), added to what other
/// branches gave. Sources: x, w, dy, contiguous, and, if there is one, the gradient to add to.
/// </summary>
internal sealed class WeightedRmsNormGradient(float epsilon) : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var (x, w, dy, sum) = (result.Source(0), result.Source(1), result.Source(2), result.Source(3));
        foreach (var row in work.Items(result.Shape.Rows))
        {
            var dx = result.Row(row);
            TensorPrimitives.Multiply(dy.Row(row), w.Floats, dx);
            RowGradients.RmsNorm(x.Row(row), dx, epsilon, sum.IsNull ? default : sum.Row(row), dx);
        }
    }
}
