using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Gradients of a gated unit y = f(x) ∘ (g + shift): dx = dy ∘ (g + shift) ∘ f′(x) and dg = dy ∘ f(x). Sources: x, g, dy, each a
/// matrix of F columns with contiguous rows. The result is [F, T, 2], dx before dg, or [2F, T], where x and g are halves of rows.
/// </summary>
internal sealed class GluGradient(Activation activation, float limit, float shift, bool halves, bool swapped) : ITensorKernel
{
    /// <summary>Columns at a time: all that is known of them stays in the first-level cache until they are done.</summary>
    private const int Chunk = 1024;

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var (x, g, dy) = (result.Source(0), result.Source(1), result.Source(2));
        var width = (int)dy.Ne(0);
        var rows = dy.Shape.Rows;
        using var scratch = new Scratch(3 * Chunk);
        foreach (var row in work.Items(rows))
            for (var at = 0; at < width; at += Chunk)
            {
                // Where x and g are one tensor, its rows hold both: x first unless they are swapped.
                var length = Math.Min(Chunk, width - at);
                var xs = x.HostSpan<float>(row * x.Ne(0) + (halves && swapped ? width : 0) + at, length);
                var gs = g.HostSpan<float>(row * g.Ne(0) + (halves && !swapped ? width : 0) + at, length);
                var dys = dy.HostSpan<float>(row * width + at, length);
                var dx = result.HostSpan<float>((halves ? row * 2 * width + (swapped ? width : 0) : row * width) + at, length);
                var dg = result.HostSpan<float>((halves ? row * 2 * width + (swapped ? 0 : width) : (rows + row) * width) + at, length);
                Columns(xs, gs, dys, dx, dg, scratch.Floats);
            }
    }

    private void Columns(
        ReadOnlySpan<float> x, ReadOnlySpan<float> g, ReadOnlySpan<float> dy, Span<float> dx, Span<float> dg, Span<float> scratch)
    {
        var limited = !float.IsPositiveInfinity(limit);
        if (limited)
        {
            var clippedX = Sections.Take(ref scratch, x.Length);
            var clippedG = Sections.Take(ref scratch, x.Length);
            TensorPrimitives.Min(x, limit, clippedX);
            TensorPrimitives.Clamp(g, -limit, limit, clippedG);
            x = clippedX;
            g = clippedG;
        }
        var factor = g;
        if (shift != 0)
        {
            var shifted = Sections.Take(ref scratch, x.Length);
            TensorPrimitives.Add(g, shift, shifted);
            factor = shifted;
        }

        activation.Both(x, dg, dx);
        TensorPrimitives.Multiply(dg, dy, dg);
        TensorPrimitives.Multiply(dx, dy, dx);
        TensorPrimitives.Multiply(dx, factor, dx);
        if (!limited)
            return;
        for (var i = 0; i < x.Length; i++)
        {
            // A clipped argument does not vary.
            dx[i] = x[i] < limit ? dx[i] : 0;
            dg[i] = g[i] > -limit && g[i] < limit ? dg[i] : 0;
        }
    }
}
