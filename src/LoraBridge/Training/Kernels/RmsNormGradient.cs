using System.Numerics.Tensors;
using LoraBridge.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels;

/// <summary>
/// dx = (dy - x (x·dy) / (D r²)) / r over rows of D elements, for y = x / r with r = sqrt(mean(x²) + ε). Sources: x and dy,
/// contiguous. (ggml's own RMS_NORM_BACK may be placed into the memory of dy, which it still needs then.)
/// </summary>
internal sealed class RmsNormGradient(float epsilon) : ITensorKernel
{
    public void Compute(TensorPtr result, int worker, int workers)
    {
        var width = (int)result.Ne(0);
        var (start, end) = WorkSplit.Of(result.Shape.Rows, 1, worker, workers);
        for (var row = start; row < end; row++)
        {
            var x = result.Source(0).HostSpan<float>(row * width, width);
            var dy = result.Source(1).HostSpan<float>(row * width, width);
            var dx = result.HostSpan<float>(row * width, width);
            var square = TensorPrimitives.SumOfSquares<float>(x) / width + epsilon;
            TensorPrimitives.Multiply(x, -TensorPrimitives.Dot<float>(x, dy) / (width * square), dx);
            TensorPrimitives.Add(dx, dy, dx);
            TensorPrimitives.Multiply(dx, 1 / MathF.Sqrt(square), dx);
        }
    }
}
