using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// dx = s (dy - (y·dy)) ∘ y over rows, for y = softmax(s x + mask). Sources: y and dy, contiguous. (ggml's own SOFT_MAX_BACK may be
/// placed into the memory of y, which it still needs then.)
/// </summary>
internal sealed class SoftMaxGradient(float scale) : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var width = (int)result.Ne(0);
        foreach (var row in work.Items(result.Shape.Rows))
        {
            var y = result.Source(0).HostSpan<float>(row * width, width);
            var dy = result.Source(1).HostSpan<float>(row * width, width);
            var dx = result.HostSpan<float>(row * width, width);
            Row(y, dy, dx);
            if (scale != 1)
                TensorPrimitives.Multiply(dx, scale, dx);
        }
    }

    /// <summary>dx = (dy - (y·dy)) ∘ y of one row; dx may be dy.</summary>
    /// <returns>y·dy.</returns>
    public static float Row(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        var mean = TensorPrimitives.Dot(y, dy);
        TensorPrimitives.Subtract(dy, mean, dx);
        TensorPrimitives.Multiply(dx, y, dx);
        return mean;
    }
}
