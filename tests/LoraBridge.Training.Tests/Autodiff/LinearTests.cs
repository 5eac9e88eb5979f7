using LoraBridge.Formats;
using LoraBridge.Cli.Benchmarking;
using LoraBridge.Finetuning;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class LinearTests
{
    private static readonly LinearPrecision Balanced = LinearPrecision.Of(TrainingPrecision.Balanced);

    /// <summary>Weights' rows: an odd number of them.</summary>
    private const int Rows = 301;

    public LinearTests() =>
        Assert.SkipUnless(IntegerFormat.IsSupported, "This processor does not multiply integers as fixed-point products need it.");

    /// <summary>Sizes below, at and over the edges of tiles (6 by 32) and panels (256 by 512). Steps are long, for the product is linear but rounded.</summary>
    [Theory]
    [InlineData(32, 2, 1)]
    [InlineData(64, 37, 6)]
    [InlineData(256, 33, 7)]
    [InlineData(800, 270, 13)]
    public void GradientsMatchDifferences(int k, int m, int n)
    {
        var random = new Random(k + m);
        float[] weights = [.. Enumerable.Range(0, k * m).Select(_ => random.NextSingle() - 0.5f)];
        new GradientProbe((g, x) => Linear.Emit(g, Balanced, x[0], x[1])) { Epsilon = 0.5, Tolerance = 1e-2 }
            .Fix(GgmlType.F32, new Shape(k, m), weights)
            .Vary(new Shape(k, n))
            .Check();
    }

    [Theory]
    [InlineData(64, 37, 6)]
    [InlineData(300, 33, 70)]
    public void GradientsOfTrainedWeightsMatchDifferences(int k, int m, int n) =>
        new GradientProbe((g, x) => Linear.Emit(g, Balanced, x[0], x[1])) { Epsilon = 0.5, Tolerance = 1e-2 }
            .Vary(new Shape(k, m))
            .Vary(new Shape(k, n))
            .Check();

    /// <summary>Two products of one argument: the second gradient is added to the first.</summary>
    [Fact]
    public void GradientsOfBranchesAddUp()
    {
        var random = new Random(5);
        float[] weights = [.. Enumerable.Range(0, 64 * 40).Select(_ => random.NextSingle() - 0.5f)];
        new GradientProbe((g, x) => g.Add(
                Linear.Emit(g, Balanced, x[0], x[1]),
                g.Mul(Linear.Emit(g, Balanced, x[0], x[1]), x[2]))) { Epsilon = 0.5, Tolerance = 1e-2 }
            .Fix(GgmlType.F32, new Shape(64, 40), weights)
            .Vary(new Shape(64, 5))
            .Fix(GgmlType.F32, new Shape(40, 5), weights[..200])
            .Check();
    }

    [Theory]
    [InlineData(nameof(GgmlType.Q4_0))]
    [InlineData(nameof(GgmlType.Q4_1))]
    [InlineData(nameof(GgmlType.Q5_0))]
    [InlineData(nameof(GgmlType.Q5_1))]
    [InlineData(nameof(GgmlType.Q8_0))]
    [InlineData(nameof(GgmlType.IQ4_NL))]
    [InlineData(nameof(GgmlType.MXFP4))]
    [InlineData(nameof(GgmlType.Q2_K))]
    [InlineData(nameof(GgmlType.Q3_K))]
    [InlineData(nameof(GgmlType.Q4_K))]
    [InlineData(nameof(GgmlType.Q5_K))]
    [InlineData(nameof(GgmlType.Q6_K))]
    [InlineData(nameof(GgmlType.IQ4_XS))]
    [InlineData(nameof(GgmlType.F16))]
    [InlineData(nameof(GgmlType.BF16))]
    [InlineData(nameof(GgmlType.Q1_0))]
    [InlineData(nameof(GgmlType.Q2_0))]
    [InlineData(nameof(GgmlType.TQ1_0))]
    [InlineData(nameof(GgmlType.TQ2_0))]
    [InlineData(nameof(GgmlType.NVFP4))]
    public void ProductAndGradientAreCloseToThoseInF32(string name)
    {
        var (type, random) = (Enum.Parse<GgmlType>(name), new Random(3));
        var (k, rowBytes) = Row(type);
        float[] weights = [.. Enumerable.Range(0, k * Rows).Select(i => (random.NextSingle() - 0.5f) * (1 + i / 97 % 5))];
        weights.AsSpan(5 * k, k).Clear();
        var quantised = new byte[rowBytes * Rows];
        GgmlQuantizer.Quantize(type, weights, quantised, k);
        CheckProductAndGradient(type, k, quantised, random);
    }

    [Theory]
    [InlineData(nameof(GgmlType.IQ2_XXS))]
    [InlineData(nameof(GgmlType.IQ2_XS))]
    [InlineData(nameof(GgmlType.IQ2_S))]
    [InlineData(nameof(GgmlType.IQ3_XXS))]
    [InlineData(nameof(GgmlType.IQ3_S))]
    [InlineData(nameof(GgmlType.IQ1_S))]
    [InlineData(nameof(GgmlType.IQ1_M))]
    public void ProductAndGradientOfRandomBlocksAreCloseToThoseInF32(string name)
    {
        var (type, random) = (Enum.Parse<GgmlType>(name), new Random(3));
        var (k, rowBytes) = Row(type);
        var quantised = RandomBlocks.Make(type, Rows * k / (int)GgmlTypeTraits.BlockSize(type), 1, new SeededRandom(3));
        quantised.AsSpan(5 * rowBytes, rowBytes).Clear();
        CheckProductAndGradient(type, k, quantised, random);
    }

    /// <summary>Elements of a row that ends within a panel where blocks allow it, and its bytes.</summary>
    private static (int Elements, int Bytes) Row(GgmlType type)
    {
        NativeRuntime.Initialize();
        var k = 800 / (int)GgmlTypeTraits.BlockSize(type) * (int)GgmlTypeTraits.BlockSize(type);
        return (k, (int)GgmlTypeTraits.RowSize(type, k));
    }

    private static void CheckProductAndGradient(GgmlType type, int k, byte[] quantised, Random random)
    {
        const int m = Rows, n = 40;
        var weight = new float[k * m];
        GgmlTypeTraits.Dequantize(type, quantised, weight);
        Assert.DoesNotContain(weight[(5 * k)..(6 * k)], value => value != 0);
        float[] input = [.. Enumerable.Range(0, k * n).Select(_ => (random.NextSingle() - 0.5f) * MathF.Exp(random.NextSingle() * 4))];

        var (expected, expectedGradient) = Run((g, x) => g.MulMat(x[0], x[1]), GgmlType.F32, weight, 1);
        var (found, gradient) = Run((g, x) => Linear.Emit(g, Balanced, x[0], x[1]), type, quantised, 1);
        Assert.InRange(Distance(expected, found), 0, 1e-3);
        Assert.InRange(Distance(expectedGradient, gradient), 0, 1e-3);

        var threaded = Run((g, x) => Linear.Emit(g, Balanced, x[0], x[1]), type, quantised, 2);
        Assert.Equal(found, threaded.Result);
        Assert.Equal(gradient, threaded.Gradient);

        // Kept in 8 bits, and used twice: to fill the copy, and to read it.
        var cache = new PanelCache();
        var (_, rough) = Run((g, x) => Linear.Emit(g, Balanced with { Cache = cache }, x[0], x[1]), type, quantised, 2);
        Assert.InRange(Distance(expectedGradient, rough), 0, 1.5e-2);

        (float[] Result, float[] Gradient) Run(Func<GraphBuilder, TensorPtr[], TensorPtr> operation, GgmlType stored, Array values, int threads)
        {
            GradientProbe.Argument[] arguments = [new(stored, new Shape(k, m), values, false), new(GgmlType.F32, new Shape(k, n), input, true)];
            using var run = new ProbeRun(operation, arguments, threads);
            run.Compute();
            var first = run.Gradient(1);
            run.Compute();
            Assert.Equal(first, run.Gradient(1));
            return (run.Result, run.Gradient(1));
        }
    }

    /// <summary>A copy in 8 bits would stay what the weights were when it was made.</summary>
    [Fact]
    public void Trained_weights_are_not_copied()
    {
        const int K = 64, M = 40, N = 5;
        var random = new Random(3);
        float[] weights = [.. Enumerable.Range(0, K * M).Select(_ => random.NextSingle() - 0.5f)];
        GradientProbe.Argument[] arguments = [new(GgmlType.F32, new Shape(K, M), weights, true), new(GgmlType.F32, new Shape(K, N), weights[..(K * N)], true)];
        Assert.Equal(Gradient(null), Gradient(new PanelCache()));

        float[] Gradient(PanelCache? cache)
        {
            using var run = new ProbeRun((g, x) => Linear.Emit(g, Balanced with { Cache = cache }, x[0], x[1]), arguments, 1);
            run.Compute();
            return run.Gradient(1);
        }
    }

    private static double Distance(float[] expected, float[] found) =>
        Math.Sqrt(expected.Zip(found, (e, f) => (double)(e - f) * (e - f)).Sum() / expected.Sum(e => (double)e * e));
}
