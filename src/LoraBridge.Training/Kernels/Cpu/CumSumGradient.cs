using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>dx[i] = dy[i] + dy[i + 1] + ... along rows. Source: dy, contiguous.</summary>
internal sealed class CumSumGradient : ITensorKernel
{
    public static readonly CumSumGradient Instance = new();

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var width = (int)result.Ne(0);
        var (start, end) = WorkSplit.Of(result.Shape.Rows, 1, worker, workers);
        for (var row = start; row < end; row++)
        {
            var dy = result.Source(0).HostSpan<float>(row * width, width);
            var dx = result.HostSpan<float>(row * width, width);
            var sum = 0f;
            for (var i = width - 1; i >= 0; i--)
                dx[i] = sum += dy[i];
        }
    }
}
