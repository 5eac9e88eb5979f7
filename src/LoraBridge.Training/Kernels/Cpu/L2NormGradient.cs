using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Gradient of y = x / max(|x|, ε) over rows: dx = (dy - y (dy·y)) / |x|, and dy / ε where |x| is smaller than that. Sources: x and
/// dy, contiguous.
/// </summary>
internal sealed class L2NormGradient(float epsilon) : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var width = (int)result.Ne(0);
        foreach (var row in work.Items(result.Shape.Rows))
        {
            var x = result.Source(0).HostSpan<float>(row * width, width);
            var dy = result.Source(1).HostSpan<float>(row * width, width);
            var dx = result.HostSpan<float>(row * width, width);
            var length = TensorPrimitives.Norm<float>(x);
            var divisor = MathF.Max(length, epsilon);
            var projection = length > epsilon ? TensorPrimitives.Dot<float>(dy, x) / (length * length) : 0;
            for (var i = 0; i < width; i++)
                dx[i] = (dy[i] - x[i] * projection) / divisor;
        }
    }
}
