using System.Numerics.Tensors;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Makes a row of a result of the same row of two sources; of one, if there is no second.</summary>
internal delegate void RowFunction(ReadOnlySpan<float> first, ReadOnlySpan<float> second, Span<float> result);

/// <summary>A kernel that computes row by row. Sources: one or two of the shape of the result, contiguous.</summary>
/// <param name="name">What it computes.</param>
/// <param name="function">A row; the result is no memory of the sources.</param>
internal sealed class RowKernel(string name, RowFunction function) : ITensorKernel
{
    public string Name => name;

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var (first, second) = (result.Source(0), result.Source(1));
        foreach (var row in work.Items(result.Shape.Rows))
            function(first.Row(row), second.IsNull ? default : second.Row(row), result.Row(row));
    }
}

/// <summary>Gradients of operations that work on rows of D elements.</summary>
internal static class RowGradients
{
    /// <summary>dx[i] = dy[i] + dy[i + 1] + ... Source: dy.</summary>
    public static readonly RowKernel CumSum = new("CumSumGradient", (dy, _, dx) =>
    {
        var sum = 0f;
        for (var i = dy.Length - 1; i >= 0; i--)
            dx[i] = sum += dy[i];
    });

    /// <summary>
    /// dx = (dy - x (x·dy) / (D r²)) / r, for y = x / r with r = sqrt(mean(x²) + ε). Sources: x and dy. (ggml's own RMS_NORM_BACK may be placed into
    /// the memory of dy, which it still needs then.)
    /// </summary>
    public static RowKernel RmsNorm(float epsilon) => new("RmsNormGradient", (x, dy, dx) => RmsNorm(x, dy, epsilon, default, dx));

    /// <summary>One row of <see cref="RmsNorm(float)"/>.</summary>
    /// <param name="x">What was normalised.</param>
    /// <param name="dy">The gradient with respect to the result.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="sum">What is added; empty is 0.</param>
    /// <param name="dx">The gradient, which may be in place of <paramref name="dy"/>.</param>
    public static void RmsNorm(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, float epsilon, ReadOnlySpan<float> sum, Span<float> dx)
    {
        var square = TensorPrimitives.SumOfSquares(x) / x.Length + epsilon;
        var factor = -TensorPrimitives.Dot(x, dy) / (x.Length * square);
        TensorPrimitives.MultiplyAdd(x, factor, dy, dx);
        if (sum.IsEmpty)
            TensorPrimitives.Multiply(dx, 1 / MathF.Sqrt(square), dx);
        else
            TensorPrimitives.MultiplyAdd(dx, 1 / MathF.Sqrt(square), sum, dx);
    }

    /// <summary>
    /// Gradient of a layer normalisation without its weights, y = (x - mean) / s with s = sqrt(var + ε):
    /// dx = (dy - mean(dy) - y mean(dy ∘ y)) / s. Sources: x and dy.
    /// </summary>
    public static RowKernel Norm(float epsilon) => new("NormGradient", (x, dy, dx) =>
    {
        // y is where dx will be.
        TensorPrimitives.Subtract(x, TensorPrimitives.Sum(x) / x.Length, dx);
        var s = MathF.Sqrt(TensorPrimitives.SumOfSquares<float>(dx) / x.Length + epsilon);
        TensorPrimitives.Divide(dx, s, dx);
        var mean = TensorPrimitives.Sum(dy) / x.Length;
        var projection = TensorPrimitives.Dot(dy, dx) / x.Length;
        for (var i = 0; i < dx.Length; i++)
            dx[i] = (dy[i] - mean - dx[i] * projection) / s;
    });

    /// <summary>Gradient of y = x / max(|x|, ε): dx = (dy - y (dy·y)) / |x|, and dy / ε where |x| is smaller than that. Sources: x and dy.</summary>
    public static RowKernel L2Norm(float epsilon) => new("L2NormGradient", (x, dy, dx) =>
    {
        var length = TensorPrimitives.Norm(x);
        var divisor = MathF.Max(length, epsilon);
        var projection = length > epsilon ? TensorPrimitives.Dot(dy, x) / (length * length) : 0;
        for (var i = 0; i < dx.Length; i++)
            dx[i] = (dy[i] - x[i] * projection) / divisor;
    });

    /// <summary>
    /// dx = s (dy - (y·dy)) ∘ y, for y = softmax(s x + mask). Sources: y and dy. (ggml's own SOFT_MAX_BACK may be placed into the memory of y, which it
    /// still needs then.)
    /// </summary>
    public static RowKernel SoftMax(float scale) => new("SoftMaxGradient", (y, dy, dx) =>
    {
        SoftMax(y, dy, dx);
        if (scale != 1)
            TensorPrimitives.Multiply(dx, scale, dx);
    });

    /// <summary>dx = (dy - (y·dy)) ∘ y of one row; dx may be dy.</summary>
    /// <returns>y·dy.</returns>
    public static float SoftMax(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        var mean = TensorPrimitives.Dot(y, dy);
        TensorPrimitives.Subtract(dy, mean, dx);
        TensorPrimitives.Multiply(dx, y, dx);
        return mean;
    }
}
