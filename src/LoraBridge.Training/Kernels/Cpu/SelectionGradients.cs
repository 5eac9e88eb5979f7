using System.Numerics.Tensors;
using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>dx[:, n, h] = Σ dy[:, i, h] over the i with indices[i, h] = n. Sources: dy [D, I, H...], indices [I, H...], contiguous.</summary>
internal sealed class GetRowsGradient : ITensorKernel
{
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

/// <summary>
/// Gradients of replacing rows: db[:, i, h] = dy[:, indices[i, h], h], da = dy with zeros in these rows. Sources: dy [D, N, H...],
/// indices [I, H..., I32 or I64, repeated over the matrices of dy], contiguous. The result is db [D, I, H...] followed by da.
/// </summary>
internal sealed class SetRowsGradient : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var (dy, indices) = (result.Source(0), result.Source(1));
        var (width, targets, rows) = ((int)dy.Ne(0), dy.Ne(1), indices.Ne(0));
        var db = dy.Ne(2) * dy.Ne(3) * rows * width;
        foreach (var matrix in work.Items(dy.Ne(2) * dy.Ne(3)))
        {
            var (i2, i3) = (matrix % dy.Ne(2), matrix / dy.Ne(2));
            var list = (i3 % indices.Ne(2) * indices.Ne(1) + i2 % indices.Ne(1)) * rows;
            var source = dy.HostSpan<float>(matrix * targets * width, (int)targets * width);
            var da = result.HostSpan<float>(db + matrix * targets * width, source.Length);
            source.CopyTo(da);
            for (var i = 0L; i < rows; i++)
            {
                var n = indices.Type == GgmlType.I64
                    ? (int)indices.HostSpan<long>(list + i, 1)[0]
                    : indices.HostSpan<int>(list + i, 1)[0];
                source.Slice(n * width, width).CopyTo(result.HostSpan<float>((matrix * rows + i) * width, width));
                da.Slice(n * width, width).Clear();
            }
        }
    }
}
