using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// dx[offset + Σ iₖ strideₖ] += dy[i₀, i₁, i₂, i₃], and 0 elsewhere, for any strides: also those that skip elements of a row, or meet
/// the same element several times. Source: dy, contiguous. Offset and strides count elements of x.
/// </summary>
internal sealed class ViewGradient(long offset, long[] strides) : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        // Which elements meet in one place is not known, so the work is not shared.
        if (!work.TryTake(1, out _))
            return;
        var dx = result.HostSpan<float>(0, (int)result.Shape.Count);
        dx.Clear();
        var dy = result.Source(0);
        var shape = dy.Shape;
        for (var row = 0L; row < shape.Rows; row++)
        {
            var (i1, i2, i3) = (row % shape.Ne1, row / shape.Ne1 % shape.Ne2, row / (shape.Ne1 * shape.Ne2));
            var at = offset + i1 * strides[1] + i2 * strides[2] + i3 * strides[3];
            foreach (var gradient in dy.Row(row))
            {
                dx[(int)at] += gradient;
                at += strides[0];
            }
        }
    }
}
