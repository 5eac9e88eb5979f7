using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>dx[i] = dy[i] + dy[i + 1] + ... along rows. Source: dy, contiguous.</summary>
internal sealed class CumSumGradient : ITensorKernel
{
    public static readonly CumSumGradient Instance = new();

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var width = (int)result.Ne(0);
        foreach (var row in work.Items(result.Shape.Rows))
        {
            var dy = result.Source(0).HostSpan<float>(row * width, width);
            var dx = result.HostSpan<float>(row * width, width);
            var sum = 0f;
            for (var i = width - 1; i >= 0; i--)
                dx[i] = sum += dy[i];
        }
    }
}
