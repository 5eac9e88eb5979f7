using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Gradient of matrices y [H, H, T] made from the last H² rows of z = s m + b: softmax over rows, plus ε, then columns, rows, columns, ...
/// divided by ε plus their sums, in turns. Backwards, a line x / (ε + Σx) = v gives dx = (dv - dv·v) / (ε + Σx), and a softmax p
/// gives p ∘ (dp - dp·p). Sources: m [2H + H², T], s [1], b [2H + H²], dy [H, H, T], contiguous. The result is dz, zero in the first
/// 2H rows.
/// </summary>
/// <param name="epsilon">ε.</param>
/// <param name="iterations">How often columns are divided; rows are once less.</param>
internal sealed class SinkhornGradient(float epsilon, int iterations) : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var size = (int)result.Source(3).Ne(0);
        var (width, count) = ((int)result.Ne(0), size * size);
        var scale = result.Source(1).Floats[0];
        var bias = result.Source(2).Floats[^count..];
        // What each division made, and what it divided by.
        var divisions = 2 * iterations - 1;
        var (values, sums) = (new float[(divisions + 1) * count], new float[divisions * size]);
        var softmax = new float[count];
        foreach (var token in work.Items(result.Ne(1)))
        {
            var z = values.AsSpan(0, count);
            TensorPrimitives.MultiplyAdd(result.Source(0).HostSpan<float>((token + 1) * width - count, count), scale, bias, z);
            for (var row = 0; row < count; row += size)
                TensorPrimitives.SoftMax(z.Slice(row, size), softmax.AsSpan(row, size));
            TensorPrimitives.Add(softmax, epsilon, z);
            for (var i = 0; i < divisions; i++)
                Divide(values.AsSpan(i * count, count), values.AsSpan((i + 1) * count, count), sums.AsSpan(i * size, size), IsByColumn(i));

            var dz = result.Row(token);
            dz[..^count].Clear();
            dz = dz[^count..];
            result.Source(3).HostSpan<float>(token * count, count).CopyTo(dz);
            for (var i = divisions - 1; i >= 0; i--)
                Backward(values.AsSpan((i + 1) * count, count), sums.AsSpan(i * size, size), dz, IsByColumn(i));
            for (var row = 0; row < count; row += size)
            {
                var p = softmax.AsSpan(row, size);
                var gradient = dz.Slice(row, size);
                TensorPrimitives.Subtract(gradient, TensorPrimitives.Dot<float>(gradient, p), gradient);
                TensorPrimitives.Multiply(gradient, p, gradient);
            }
        }
    }

    private static bool IsByColumn(int division) => division % 2 == 0;

    /// <summary>Element <paramref name="i"/> of a column or row.</summary>
    private static int Index(int line, int i, int size, bool byColumn) => byColumn ? i * size + line : line * size + i;

    private void Divide(ReadOnlySpan<float> x, Span<float> y, Span<float> sums, bool byColumn)
    {
        var size = sums.Length;
        for (var line = 0; line < size; line++)
        {
            sums[line] = epsilon;
            for (var i = 0; i < size; i++)
                sums[line] += x[Index(line, i, size, byColumn)];
            for (var i = 0; i < size; i++)
                y[Index(line, i, size, byColumn)] = x[Index(line, i, size, byColumn)] / sums[line];
        }
    }

    private static void Backward(ReadOnlySpan<float> y, ReadOnlySpan<float> sums, Span<float> gradient, bool byColumn)
    {
        var size = sums.Length;
        for (var line = 0; line < size; line++)
        {
            var projection = 0f;
            for (var i = 0; i < size; i++)
                projection += gradient[Index(line, i, size, byColumn)] * y[Index(line, i, size, byColumn)];
            for (var i = 0; i < size; i++)
            {
                ref var element = ref gradient[Index(line, i, size, byColumn)];
                element = (element - projection) / sums[line];
            }
        }
    }
}
