using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// dx = (dy - x (x·dy) / (D r²)) / r over rows of D elements, for y = x / r with r = sqrt(mean(x²) + ε). Sources: x and dy,
/// contiguous. (ggml's own RMS_NORM_BACK may be placed into the memory of dy, which it still needs then.)
/// </summary>
internal sealed class RmsNormGradient(float epsilon) : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var width = (int)result.Ne(0);
        foreach (var row in work.Items(result.Shape.Rows))
        {
            Row(
                result.Source(0).HostSpan<float>(row * width, width), result.Source(1).HostSpan<float>(row * width, width), epsilon, default,
                result.HostSpan<float>(row * width, width));
        }
    }

    /// <summary>The gradient for one row.</summary>
    /// <param name="x">What was normalised.</param>
    /// <param name="dy">The gradient with respect to the result.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="sum">What is added; empty is 0.</param>
    /// <param name="dx">The gradient, which may be in place of <paramref name="dy"/>.</param>
    public static void Row(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, float epsilon, ReadOnlySpan<float> sum, Span<float> dx)
    {
        var square = TensorPrimitives.SumOfSquares(x) / x.Length + epsilon;
        var factor = -TensorPrimitives.Dot(x, dy) / (x.Length * square);
        TensorPrimitives.MultiplyAdd(x, factor, dy, dx);
        if (sum.IsEmpty)
            TensorPrimitives.Multiply(dx, 1 / MathF.Sqrt(square), dx);
        else
            TensorPrimitives.MultiplyAdd(dx, 1 / MathF.Sqrt(square), sum, dx);
    }
}
