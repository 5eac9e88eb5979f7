using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class UnaryTests
{
    /// <summary>ggml computes some functions from tables of half precision: their differences are coarse.</summary>
    [Theory]
    [InlineData(nameof(GgmlUnaryOp.Abs), 1e-3)]
    [InlineData(nameof(GgmlUnaryOp.Neg), 1e-3)]
    [InlineData(nameof(GgmlUnaryOp.Tanh), 1e-3)]
    [InlineData(nameof(GgmlUnaryOp.Elu), 1e-3)]
    [InlineData(nameof(GgmlUnaryOp.Relu), 1e-3)]
    [InlineData(nameof(GgmlUnaryOp.Sigmoid), 1e-3)]
    [InlineData(nameof(GgmlUnaryOp.Gelu), 5e-2)]
    [InlineData(nameof(GgmlUnaryOp.GeluQuick), 5e-2)]
    [InlineData(nameof(GgmlUnaryOp.GeluErf), 1e-3)]
    [InlineData(nameof(GgmlUnaryOp.Silu), 1e-3)]
    [InlineData(nameof(GgmlUnaryOp.Hardswish), 1e-3)]
    [InlineData(nameof(GgmlUnaryOp.Hardsigmoid), 1e-3)]
    [InlineData(nameof(GgmlUnaryOp.Exp), 1e-3)]
    [InlineData(nameof(GgmlUnaryOp.Expm1), 1e-3)]
    [InlineData(nameof(GgmlUnaryOp.Softplus), 1e-3)]
    public void GradientsMatchDifferences(string function, double tolerance)
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_unary(g.Context, x[0], Enum.Parse<GgmlUnaryOp>(function)))) { Tolerance = tolerance, Epsilon = 4e-2 }
            .Vary(new Shape(7, 3), i => i % 7 * 0.31f - 0.77f)
            .Check();
    }

    [Fact]
    public void GradientsMatchDifferencesForXielu()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_xielu(g.Context, x[0], 0.3f, 0.6f, 0.4f, -1e-6f)))
            .Vary(new Shape(7, 3), i => i % 7 * 0.31f - 0.77f)
            .Check();
    }
}
