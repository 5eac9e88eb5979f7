using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>dx[:, n, h] = Σ dy[:, i, h] over the i with indices[i, h] = n. Sources: dy [D, I, H...], indices [I, H...], contiguous.</summary>
internal sealed class GetRowsGradient : ITensorKernel
{
    public static readonly GetRowsGradient Instance = new();

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var (dy, indices) = (result.Source(0), result.Source(1));
        var (width, targets, rows) = (result.Ne(0), result.Ne(1), dy.Ne(1));
        var matrices = result.Ne(2) * result.Ne(3);
        // Several rows may go to one target, so threads share the columns: every sum stays with one thread, in one order.
        foreach (var columns in work.Ranges(width, 16))
            for (var matrix = 0L; matrix < matrices; matrix++)
            {
                for (var n = 0L; n < targets; n++)
                    result.HostSpan<float>((matrix * targets + n) * width + columns.Start, columns.Length).Clear();
                for (var i = 0L; i < rows; i++)
                {
                    var n = indices.HostSpan<int>(matrix * rows + i, 1)[0];
                    var target = result.HostSpan<float>((matrix * targets + n) * width + columns.Start, columns.Length);
                    TensorPrimitives.Add(target, dy.HostSpan<float>((matrix * rows + i) * width + columns.Start, columns.Length), target);
                }
            }
    }
}
