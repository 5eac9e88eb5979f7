using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class ElementwiseTests
{
    private static readonly Shape Small = new(7, 3);
    private static readonly Shape Large = new(700, 30);

    [Fact]
    public void GradientsMatchDifferences() => Check(Activations.Linear(-0.7f, 0.2f));

    [Fact]
    public void GradientsOfASquareMatchDifferences() => Check(Activations.Square);

    /// <summary>Values as ggml computes them on its one thread, for each operation that is replaced.</summary>
    [Theory]
    [InlineData(nameof(GgmlUnaryOp.Abs))]
    [InlineData(nameof(GgmlUnaryOp.Neg))]
    [InlineData(nameof(GgmlUnaryOp.Tanh))]
    [InlineData(nameof(GgmlUnaryOp.Elu))]
    [InlineData(nameof(GgmlUnaryOp.Relu))]
    [InlineData(nameof(GgmlUnaryOp.Sigmoid))]
    [InlineData(nameof(GgmlUnaryOp.Hardswish))]
    [InlineData(nameof(GgmlUnaryOp.Hardsigmoid))]
    [InlineData(nameof(GgmlUnaryOp.Exp))]
    [InlineData(nameof(GgmlUnaryOp.Expm1))]
    [InlineData(nameof(GgmlUnaryOp.Softplus))]
    public void Functions_equal_those_of_ggml(string name)
    {
        var function = Enum.Parse<GgmlUnaryOp>(name);
        Compare((g, x) => g.Record(Ggml.ggml_unary(g.Context, x[0], function)), GgmlOp.Unary, [(int)function]);
    }

    [Fact]
    public void Scaling_equals_that_of_ggml() => Compare(
        (g, x) => g.Scale(x[0], 0.37f), GgmlOp.Scale, [BitConverter.SingleToInt32Bits(0.37f), 0]);

    [Fact]
    public void Squares_equal_those_of_ggml() => Compare((g, x) => g.Record(Ggml.ggml_sqr(g.Context, x[0])), GgmlOp.Sqr, []);

    [Fact]
    public void Small_tensors_stay_with_ggml() => Assert.Null(Elementwise.For(Node(GgmlOp.Sqr, [], Small)));

    private static void Check(Activation function) =>
        new GradientProbe((g, x) => g.Custom(new Elementwise(function), Small, x[0])).Vary(Small, i => i % 7 * 0.31f - 0.77f).Check();

    private static void Compare(Func<GraphBuilder, TensorPtr[], TensorPtr> reference, GgmlOp op, int[] parameters)
    {
        NativeRuntime.Initialize();
        float[] values = [.. Enumerable.Range(0, (int)Large.Count).Select(i => MathF.Sin(i) * 4)];
        GradientProbe.Argument[] arguments = [new(GgmlType.F32, Large, values, true)];
        var replacement = Elementwise.For(Node(op, parameters, Large))!;
        using var expected = new ProbeRun(reference, arguments, 1);
        using var found = new ProbeRun((g, x) => g.Custom(replacement, Large, x[0]), arguments, 2);
        expected.Compute();
        found.Compute();
        Same(expected.Result, found.Result);
        Same(expected.Gradient(0), found.Gradient(0));
    }

    private static void Same(float[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], found[i], 1e-5f * (1 + MathF.Abs(expected[i])));
    }

    private static TracedTensor Node(GgmlOp op, int[] parameters, Shape shape) => new()
    {
        Name = "y", Op = op, Type = GgmlType.F32, Shape = shape, Strides = [4, 4 * shape.Ne0, 4 * shape.Count, 4 * shape.Count],
        OpParams = [.. parameters, .. new int[16 - parameters.Length]],
    };
}
