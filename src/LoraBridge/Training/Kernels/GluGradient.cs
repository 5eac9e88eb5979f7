using System.Numerics.Tensors;
using LoraBridge.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels;

/// <summary>
/// Gradients of a gated unit y = f(x) ∘ (g + shift): dx = dy ∘ (g + shift) ∘ f′(x) and dg = dy ∘ f(x). Sources: x, g, dy, each a
/// matrix of F columns with contiguous rows. The result is [F, T, 2], dx before dg, or [2F, T], where x and g are halves of rows.
/// </summary>
internal sealed class GluGradient(Activation activation, float limit, float shift, bool halves, bool swapped) : ITensorKernel
{
    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (x, g, dy) = (result.Source(0), result.Source(1), result.Source(2));
        var width = (int)dy.Ne(0);
        var rows = dy.Shape.Rows;
        var (start, end) = WorkSplit.Of(rows, 1, worker, workers);
        using var room = new Scratch(4 * width);
        var buffer = room.Floats[..(3 * width)];
        var scratch = room.Floats[(3 * width)..];
        for (var row = start; row < end; row++)
        {
            // Where x and g are one tensor, its rows hold both: x first unless they are swapped.
            var xs = x.HostSpan<float>(row * x.Ne(0) + (halves && swapped ? width : 0), width);
            var gs = g.HostSpan<float>(row * g.Ne(0) + (halves && !swapped ? width : 0), width);
            var dys = dy.HostSpan<float>(row * width, width);
            var dx = result.HostSpan<float>(halves ? row * 2 * width + (swapped ? width : 0) : row * width, width);
            var dg = result.HostSpan<float>(halves ? row * 2 * width + (swapped ? 0 : width) : (rows + row) * width, width);
            Row(xs, gs, dys, dx, dg, buffer, scratch);
        }
    }

    private void Row(
        ReadOnlySpan<float> x, ReadOnlySpan<float> g, ReadOnlySpan<float> dy, Span<float> dx, Span<float> dg, Span<float> buffer,
        Span<float> scratch)
    {
        var width = x.Length;
        var clippedX = buffer[..width];
        var clippedG = buffer[width..(2 * width)];
        var limited = !float.IsPositiveInfinity(limit);
        if (limited)
        {
            TensorPrimitives.Min(x, limit, clippedX);
            TensorPrimitives.Clamp(g, -limit, limit, clippedG);
            x = clippedX;
            g = clippedG;
        }

        activation.Slope(x, dx);
        TensorPrimitives.Multiply(dx, dy, dx);
        TensorPrimitives.Add(g, shift, scratch);
        TensorPrimitives.Multiply(dx, scratch, dx);
        activation.Value(x, dg);
        TensorPrimitives.Multiply(dg, dy, dg);
        if (!limited)
            return;
        for (var i = 0; i < width; i++)
        {
            // A clipped argument does not vary.
            dx[i] = x[i] < limit ? dx[i] : 0;
            dg[i] = g[i] > -limit && g[i] < limit ? dg[i] : 0;
        }
    }
}
