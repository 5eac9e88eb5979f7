using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class ClampTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        // As graphs that are trained have it: with memory of its own. ggml_clamp of the older build works in place.
        var shape = new Shape(7, 3);
        var node = new TracedTensor
        {
            Name = "clamped",
            Op = GgmlOp.Clamp,
            Type = GgmlType.F32,
            Shape = shape,
            Strides = StateElimination.ContiguousStrides(GgmlType.F32, shape),
            OpParams = [BitConverter.SingleToInt32Bits(-0.5f), BitConverter.SingleToInt32Bits(0.5f), .. new int[14]],
        };
        new GradientProbe((g, x) => g.Copy(node, [g.Contiguous(x[0])], default))
            .Vary(shape, i => i % 7 * 0.31f - 0.95f)
            .Check();
    }
}
