using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Gradients of y[c, t, s] = Σⱼ w[j, c] x[t + j, c, s]: dx[t + j, c, s] += w[j, c] dy[c, t, s], dw[j, c] += x[t + j, c, s] dy[c, t, s].
/// Sources: x [W - 1 + T, C, S], w [W, C], dy [C, T, S], contiguous. The result is dx followed by dw.
/// </summary>
internal sealed class SsmConvGradient : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var x = result.Source(0).Floats;
        var w = result.Source(1).Floats;
        var dy = result.Source(2).Floats;
        var (length, channels, sequences) = ((int)result.Source(0).Ne(0), (int)result.Source(0).Ne(1), (int)result.Source(0).Ne(2));
        var (width, tokens) = ((int)result.Source(1).Ne(0), (int)result.Source(2).Ne(1));
        var rest = result.Floats;
        var dx = Sections.Take(ref rest, x.Length);
        var dw = Sections.Take(ref rest, w.Length);
        var line = new float[tokens];
        foreach (int c in work.Items(channels))
        {
            var slopes = dw.Slice(c * width, width);
            slopes.Clear();
            for (var s = 0; s < sequences; s++)
            {
                for (var t = 0; t < tokens; t++)
                    line[t] = dy[(s * tokens + t) * channels + c];
                var start = (s * channels + c) * length;
                var gradient = dx.Slice(start, length);
                gradient.Clear();
                for (var j = 0; j < width; j++)
                {
                    var window = gradient.Slice(j, tokens);
                    TensorPrimitives.MultiplyAdd(line, w[c * width + j], window, window);
                    slopes[j] += TensorPrimitives.Dot<float>(line, x.Slice(start + j, tokens));
                }
            }
        }
    }
}
