using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// dx = (g - x (x·g) / (D r²)) / r over rows of D elements with g = w ∘ dy, for y = w ∘ x / r with r = sqrt(mean(x²) + ε), added to what other
/// branches gave. Sources: x, w, dy, contiguous, and, if there is one, the gradient to add to.
/// </summary>
internal sealed class WeightedRmsNormGradient(float epsilon) : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var width = (int)result.Ne(0);
        var w = result.Source(1).HostSpan<float>(0, width);
        var sum = result.Source(3);
        foreach (var row in work.Items(result.Shape.Rows))
        {
            var dx = result.HostSpan<float>(row * width, width);
            TensorPrimitives.Multiply(result.Source(2).HostSpan<float>(row * width, width), w, dx);
            RmsNormGradient.Row(
                result.Source(0).HostSpan<float>(row * width, width), dx, epsilon, sum.IsNull ? default : sum.HostSpan<float>(row * width, width), dx);
        }
    }
}
