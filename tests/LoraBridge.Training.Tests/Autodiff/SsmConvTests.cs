using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class SsmConvTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void GradientsMatchDifferences(int sequences)
    {
        const int width = 4, tokens = 6, channels = 5;
        new GradientProbe((g, x) => g.Record(Ggml.ggml_ssm_conv(g.Context, x[0], x[1])))
            .Vary(new Shape(width - 1 + tokens, channels, sequences))
            .Vary(new Shape(width, channels))
            .Check();
    }
}
