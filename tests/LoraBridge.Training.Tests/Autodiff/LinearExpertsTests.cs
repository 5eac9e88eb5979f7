using LoraBridge.Formats;
using LoraBridge.Finetuning;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Autodiff;

/// <summary>Products with the experts in use, through the kernels of all products.</summary>
public sealed class LinearExpertsTests
{
    private const int K = 320, M = 290, Used = 3, Tokens = 23;

    /// <summary>Each token's own input for each of its experts, or one for all of them; with many experts, threads pack for themselves.</summary>
    [Theory]
    [InlineData(nameof(TrainingPrecision.Exact), 1, 1e-5, 7)]
    [InlineData(nameof(TrainingPrecision.Exact), Used, 1e-5, 7)]
    [InlineData(nameof(TrainingPrecision.Balanced), 1, 1e-3, 7)]
    [InlineData(nameof(TrainingPrecision.Balanced), Used, 1e-3, 7)]
    [InlineData(nameof(TrainingPrecision.Fast), Used, 2e-2, 7)]
    [InlineData(nameof(TrainingPrecision.Exact), 1, 1e-5, 40)]
    [InlineData(nameof(TrainingPrecision.Balanced), 1, 1e-3, 40)]
    [InlineData(nameof(TrainingPrecision.Fast), Used, 2e-2, 40)]
    public void ProductAndGradientAreCloseToGgmls(string precision, int inputs, double bound, int experts)
    {
        NativeRuntime.Initialize();
        var random = new Random(inputs);
        float[] weights = [.. Enumerable.Range(0, K * M * experts).Select(_ => random.NextSingle() - 0.5f)];
        float[] x = [.. Enumerable.Range(0, K * inputs * Tokens).Select(_ => random.NextSingle() - 0.5f)];
        // Expert 5 is nobody's, expert 1 that of most.
        int[] ids = experts == 7
            ? [.. Enumerable.Range(0, Tokens).SelectMany(token => token % 4 == 0 ? new[] { 0, 6, 2 } : [1, token % 2 == 0 ? 3 : 4, 6])]
            : [.. Enumerable.Range(0, Tokens * Used).Select(row => row * 11 % experts)];
        var (expected, expectedGradient) = Run((g, a) => g.Record(Ggml.ggml_mul_mat_id(g.Context, a[0], a[1], a[2])), threads: 1);
        var (found, gradient) = Run((g, a) => Linear.Emit(g, LinearPrecision.Of(Enum.Parse<TrainingPrecision>(precision)), a[0], a[1], a[2]), threads: 1);
        Assert.InRange(Distance(expected, found), 0, bound);
        Assert.InRange(Distance(expectedGradient, gradient), 0, bound);

        var threaded = Run((g, a) => Linear.Emit(g, LinearPrecision.Of(Enum.Parse<TrainingPrecision>(precision)), a[0], a[1], a[2]), threads: 2);
        Assert.Equal(found, threaded.Result);
        Assert.Equal(gradient, threaded.Gradient);

        (float[] Result, float[] Gradient) Run(Func<GraphBuilder, TensorPtr[], TensorPtr> operation, int threads)
        {
            GradientProbe.Argument[] arguments =
            [
                new(GgmlType.F32, new Shape(K, M, experts), weights, false), new(GgmlType.F32, new Shape(K, inputs, Tokens), x, true),
                new(GgmlType.I32, new Shape(Used, Tokens), ids, false),
            ];
            using var run = new ProbeRun(operation, arguments, threads);
            run.Compute();
            return (run.Result, run.Gradient(1));
        }
    }

    [Fact]
    public void AnExpertThatDoesNotExistIsRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => RowGroups.ByExpert([0, 7, 1], 7));
        Assert.Contains("expert 7; there are 7", error.Message, StringComparison.Ordinal);
    }

    private static double Distance(float[] expected, float[] found) =>
        Math.Sqrt(expected.Zip(found, (e, f) => (double)(e - f) * (e - f)).Sum() / expected.Sum(e => (double)e * e));
}
