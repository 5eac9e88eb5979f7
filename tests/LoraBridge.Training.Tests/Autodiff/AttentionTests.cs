using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class AttentionTests
{
    /// <summary>Fewer and more queries than a block, fewer and more columns than a tile, heads that share keys, keys and values of different length.</summary>
    [Theory]
    [InlineData(3, 4, 1, 1, 2, 3)]
    [InlineData(7, 9, 4, 2, 5, 3)]
    [InlineData(60, 64, 2, 1, 16, 33)]
    [InlineData(50, 50, 3, 3, 40, 8)]
    public void GradientsMatchDifferences(int tokens, int cells, int heads, int groups, int keyLength, int valueLength) =>
        Probe(new Case(tokens, cells, heads, groups, keyLength, valueLength) { Mask = Causal }).Check();

    [Fact]
    public void GradientsMatchDifferencesWithoutAMask() => Probe(new Case(6, 8, 2, 2, 4, 5)).Check();

    [Fact]
    public void GradientsMatchDifferencesForSeveralSequences() =>
        Probe(new Case(7, 8, 4, 2, 4, 5) { Sequences = 2, Mask = (t, n, matrix) => n > t + matrix ? float.NegativeInfinity : 0, MaskMatrices = 2 }).Check();

    [Fact]
    public void GradientsMatchDifferencesWithSlopes() => Probe(new Case(9, 12, 6, 3, 5, 4) { Mask = Distance, MaxBias = 8 }).Check();

    [Fact]
    public void GradientsMatchDifferencesWithACap() => Probe(new Case(50, 60, 4, 2, 5, 4) { Mask = Causal, SoftCap = 0.9f }).Check();

    /// <summary>The gradients of sinks are sums over the queries of a head: of few, and of several parts.</summary>
    [Theory]
    [InlineData(9, 12)]
    [InlineData(110, 112)]
    public void GradientsMatchDifferencesWithSinks(int tokens, int cells) =>
        Probe(new Case(tokens, cells, 4, 2, 5, 4) { Mask = Window, Sinks = true }).Check();

    /// <summary>The same, computed by ggml one operation after the other.</summary>
    [Theory]
    [InlineData(nameof(Causal), 0, 0, false, true)]
    [InlineData(nameof(Window), 0, 0, true, false)]
    [InlineData(nameof(Distance), 8, 0, false, false)]
    [InlineData(nameof(Blocks), 0, 2, false, true)]
    [InlineData(nameof(Holes), 0, 0, false, false)]
    public void Values_equal_those_of_ggml(string mask, float maxBias, float softCap, bool sinks, bool rounds)
    {
        var example = new Case(130, 160, 6, 2, 24, 40)
        {
            Mask = mask switch { nameof(Window) => Window, nameof(Distance) => Distance, nameof(Blocks) => Blocks, nameof(Holes) => Holes, _ => Causal },
            MaxBias = maxBias,
            SoftCap = softCap,
            Sinks = sinks,
            Rounds = rounds,
        };
        using var fused = new ProbeRun(example.Fused, example.Arguments(), threads: 2);
        // The operation that ggml adds sinks with passes them no gradient; that of the fused one is compared with differences.
        using var composed = new ProbeRun(
            example.Composed, [.. example.Arguments().Select((argument, i) => i < 3 ? argument : argument with { Varies = false })], threads: 2);
        fused.Compute();
        composed.Compute();
        AssertClose(composed.Result, fused.Result);
        for (var i = 0; i < 3; i++)
            AssertClose(composed.Gradient(i), fused.Gradient(i));
    }

    /// <summary>llama.cpp's masks are longer than the cells in use.</summary>
    [Fact]
    public void A_mask_may_be_longer_than_the_cells()
    {
        new GradientProbe((g, x) => Attention.TryEmit(g, new AttentionOptions(0.5f), x[0], x[1], x[2], x[3], default))
            .Vary(new Shape(8, 5, 2)).Vary(new Shape(8, 5, 2)).Vary(new Shape(3, 5, 2))
            .Fix(GgmlType.F32, new Shape(9, 5), [.. Enumerable.Range(0, 45).Select(i => Causal(i / 9, i % 9, 0))])
            .Check();
    }

    /// <summary>A token that sees nothing gets nothing, and gives no gradient.</summary>
    [Fact]
    public void A_hidden_row_is_zero()
    {
        var example = new Case(50, 64, 1, 1, 3, 2) { Mask = (t, n, _) => t == 3 || t > 47 || n > t ? float.NegativeInfinity : 0 };
        using var run = new ProbeRun(example.Fused, example.Arguments(), threads: 1);
        run.Compute();
        foreach (var token in (int[])[3, 48, 49])
        {
            Assert.Equal([0, 0], run.Result.AsSpan(2 * token, 2));
            Assert.Equal([0, 0, 0], run.Gradient(0).AsSpan(3 * token, 3));
        }
        Assert.All(run.Gradient(1).Concat(run.Gradient(2)), number => Assert.True(float.IsFinite(number)));
        Assert.DoesNotContain(0f, run.Result.AsSpan(8, 20).ToArray());
    }

    [Fact]
    public void A_number_that_is_none_is_not_lost()
    {
        var example = new Case(20, 32, 1, 1, 3, 2) { Mask = Causal };
        var arguments = example.Arguments();
        ((float[])arguments[0].Values)[3 * 11] = float.NaN;
        using var run = new ProbeRun(example.Fused, arguments, threads: 1);
        run.Compute();
        Assert.True(float.IsNaN(run.Result[2 * 11]));
        Assert.True(float.IsFinite(run.Result[2 * 10]));
    }

    /// <summary>Keys, queries and values whose heads lie between each other, as they come out of a product.</summary>
    [Fact]
    public void Takes_permuted_arguments()
    {
        new GradientProbe((g, x) => Attention.TryEmit(
                g, new AttentionOptions(0.5f), g.Permute(x[0], 0, 2, 1, 3), g.Permute(x[1], 0, 2, 1, 3), g.Permute(x[2], 0, 2, 1, 3), default, default))
            .Vary(new Shape(8, 4, 5)).Vary(new Shape(8, 2, 6)).Vary(new Shape(3, 2, 6))
            .Check();
    }

    /// <summary>Heads that share keys, of which each has several parts: sums are made in one order.</summary>
    [Theory]
    [InlineData(nameof(Causal), 2)]
    [InlineData(nameof(Blocks), 2)]
    [InlineData(nameof(Causal), 6)]
    [InlineData(nameof(Window), 6)]
    public void Threads_do_not_change_a_bit(string mask, int threads)
    {
        var example = new Case(300, 320, 4, 2, 24, 40) { Mask = mask switch { nameof(Blocks) => Blocks, nameof(Window) => Window, _ => Causal }, Sinks = true };
        using var alone = new ProbeRun(example.Fused, example.Arguments(), threads: 1);
        using var together = new ProbeRun(example.Fused, example.Arguments(), threads);
        alone.Compute();
        for (var round = 0; round < 3; round++)
        {
            together.Compute();
            Assert.Equal(alone.Result, together.Result);
            for (var i = 0; i < 4; i++)
                Assert.Equal(alone.Gradient(i), together.Gradient(i));
        }
    }

    private static GradientProbe Probe(Case example)
    {
        var probe = new GradientProbe(example.Fused);
        foreach (var argument in example.Arguments())
            _ = argument.Varies ? probe.Vary(argument.Shape, i => ((float[])argument.Values)[i]) : probe.Fix(argument.Type, argument.Shape, (ushort[])argument.Values);
        return probe;
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        var size = Math.Sqrt(expected.Average(x => (double)x * x));
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-5 * (size + Math.Abs(expected[i])), $"Element {i}: expected {expected[i]:R}, found {actual[i]:R}; size {size:G3}.");
    }

    private static float Causal(int token, int cell, int matrix) => cell > token ? float.NegativeInfinity : 0;

    private static float Window(int token, int cell, int matrix) => cell > token || cell < token - 4 ? float.NegativeInfinity : 0;

    private static float Distance(int token, int cell, int matrix) => cell > token ? float.NegativeInfinity : -Math.Abs(token - cell);

    /// <summary>Sequences packed behind each other.</summary>
    private static float Blocks(int token, int cell, int matrix) => cell > token || cell / 30 != token / 30 ? float.NegativeInfinity : 0;

    private static float Holes(int token, int cell, int matrix) => cell > token || cell % 3 == 1 && cell != token ? float.NegativeInfinity : cell % 5 * 0.125f;

    /// <summary>Attention of some shape and kind.</summary>
    private sealed record Case(int Tokens, int Cells, int Heads, int Groups, int KeyLength, int ValueLength)
    {
        public int Sequences { get; init; } = 1;

        public Func<int, int, int, float>? Mask { get; init; }

        public int MaskMatrices { get; init; } = 1;

        public float MaxBias { get; init; }

        public float SoftCap { get; init; }

        public bool Sinks { get; init; }

        public bool Rounds { get; init; }

        private AttentionOptions Options => new(0.7f, MaxBias, SoftCap, Rounds);

        public TensorPtr Fused(GraphBuilder g, TensorPtr[] x)
        {
            var y = Attention.TryEmit(g, Options, x[0], x[1], x[2], Sinks ? x[4] : Last(x), Sinks ? x[3] : default);
            Assert.False(y.IsNull);
            return y;
        }

        public TensorPtr Composed(GraphBuilder g, TensorPtr[] x)
        {
            var (scores, scale) = (g.MulMat(Rounded(x[1]), x[0]), Options.Scale);
            if (SoftCap != 0)
                (scores, scale) = (g.Scale(g.Tanh(g.Scale(scores, scale / SoftCap)), SoftCap), 1);
            var weights = g.SoftMax(scores, Sinks ? x[4] : Last(x), scale, MaxBias);
            g.AddSinks(weights, Sinks ? x[3] : default);
            return g.Contiguous(g.Permute(g.MulMat(g.Contiguous(g.Transpose(Rounded(x[2]))), weights), 0, 2, 1, 3));

            TensorPtr Rounded(TensorPtr tensor) => Rounds ? g.Cast(g.Cast(tensor, GgmlType.F16), GgmlType.F32) : tensor;
        }

        public List<GradientProbe.Argument> Arguments()
        {
            var random = new Random(3);
            List<GradientProbe.Argument> arguments =
            [
                Vary(new Shape(KeyLength, Tokens, Heads, Sequences)), Vary(new Shape(KeyLength, Cells, Groups, Sequences)),
                Vary(new Shape(ValueLength, Cells, Groups, Sequences)),
            ];
            if (Sinks)
                arguments.Add(Vary(new Shape(Heads)));
            if (Mask is not null)
                arguments.Add(new GradientProbe.Argument(GgmlType.F16, new Shape(Cells, Tokens, 1, MaskMatrices), MaskValues(), false));
            return arguments;

            GradientProbe.Argument Vary(Shape shape) =>
                new(GgmlType.F32, shape, Enumerable.Range(0, (int)shape.Count).Select(_ => 2 * random.NextSingle() - 1).ToArray(), true);
        }

        private TensorPtr Last(TensorPtr[] x) => Mask is null ? default : x[3];

        private ushort[] MaskValues() =>
        [
            .. from matrix in Enumerable.Range(0, MaskMatrices)
               from token in Enumerable.Range(0, Tokens)
               from cell in Enumerable.Range(0, Cells)
               select BitConverter.HalfToUInt16Bits((Half)Mask!(token, cell, matrix)),
        ];
    }
}
