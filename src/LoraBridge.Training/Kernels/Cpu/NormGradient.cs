using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Gradient of a layer normalisation without its weights, y = (x - mean) / s with s = sqrt(var + ε):
/// dx = (dy - mean(dy) - y mean(dy ∘ y)) / s. Sources: x and dy, contiguous.
/// </summary>
internal sealed class NormGradient(float epsilon) : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var width = (int)result.Ne(0);
        var y = new float[width];
        foreach (var row in work.Items(result.Shape.Rows))
        {
            var x = result.Source(0).HostSpan<float>(row * width, width);
            var dy = result.Source(1).HostSpan<float>(row * width, width);
            var dx = result.HostSpan<float>(row * width, width);

            TensorPrimitives.Subtract(x, TensorPrimitives.Sum(x) / width, y);
            var s = MathF.Sqrt(TensorPrimitives.SumOfSquares<float>(y) / width + epsilon);
            TensorPrimitives.Divide(y, s, y);
            var mean = TensorPrimitives.Sum<float>(dy) / width;
            var projection = TensorPrimitives.Dot<float>(dy, y) / width;
            for (var i = 0; i < width; i++)
                dx[i] = (dy[i] - mean - y[i] * projection) / s;
        }
    }
}
