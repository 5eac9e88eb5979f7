using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>dx = dy ∘ f′(x), for x and dy contiguous and of the same shape. Sources: x, dy.</summary>
internal sealed class ElementwiseGradientKernel(Pointwise slope) : ITensorKernel
{
    /// <summary>Small enough to stay in the first-level cache between the two passes.</summary>
    private const int Chunk = 2048;

    public void Compute(TensorPtr result, WorkQueue work)
    {
        foreach (var chunk in work.Pieces(result.ElementCount, Chunk))
        {
            var (at, length) = (chunk.Start, chunk.Length);
            var x = result.Source(0).HostSpan<float>(at, length);
            var dy = result.Source(1).HostSpan<float>(at, length);
            var dx = result.HostSpan<float>(at, length);
            slope(x, dx);
            TensorPrimitives.Multiply(dx, dy, dx);
        }
    }
}
