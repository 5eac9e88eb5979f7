using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TestKit;
using LoraBridge.Training;
using LoraBridge.Training.Tests.Autodiff;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Kernels.Cpu;
using LoraBridge.Training.Rewrites;

namespace LoraBridge.Training.Tests;

/// <summary>Masks of attention for rows of several sequences: as intervals and in full.</summary>
public sealed class RowInputsTests
{
    private const int Tokens = 32, Cells = 40;

    /// <summary>Lengths of the sequences of a row.</summary>
    private static readonly int[][] Rows = [[32], [11, 20, 1], [1, 1, 14, 9, 7]];

    public static TheoryData<string> Masks => [.. MaskCases.Simple.Keys];

    [Theory]
    [MemberData(nameof(Masks))]
    public void Intervals_give_the_same_attention_and_gradients_as_the_full_mask_bit_for_bit(string name)
    {
        foreach (var type in (GgmlType[])[GgmlType.F16, GgmlType.F32])
            foreach (var lengths in Rows)
            {
                var traced = Leaf(type, MaskCases.Simple[name]);
                var recorded = With(traced, MaskCases.Record(MaskCases.Simple[name], type, Tokens, Cells));
                var full = new GradientProbe.Argument(type, traced.Shape, Filled<ushort>(recorded, null, lengths), false);
                var expanded = Filled<ushort>(traced, null, lengths);
                var intervals = new GradientProbe.Argument(
                    GgmlType.I32, new Shape(3, Tokens), Filled<int>(traced, new HashSet<TracedTensor> { traced }, lengths), false);

                Assert.Equal((ushort[])full.Values, expanded);
                foreach (var maxBias in (float[])[0, 8])
                    Assert.Equal(Attend(full, new AttentionOptions(0.7f, maxBias)), Attend(intervals, new AttentionOptions(0.7f, maxBias) { Biases = traced.Mask!.Biases }));
            }
    }

    [Fact]
    public void Intervals_need_sequences_that_lie_together_from_position_0_on()
    {
        var traced = Leaf(GgmlType.F16, MaskCases.Simple["causal"]);
        Assert.Contains("lie apart", Assert.Throws<ArgumentException>(() => Fill(i => i % 8, i => i / 8 % 2)).Message, StringComparison.Ordinal);
        Assert.Contains("expected 3", Assert.Throws<ArgumentException>(() => Fill(i => i == 3 ? 5 : i, _ => 0)).Message, StringComparison.Ordinal);

        void Fill(Func<int, int> position, Func<int, int> sequence) =>
            Filled<int>(traced, new HashSet<TracedTensor> { traced }, [.. Enumerable.Range(0, Tokens).Select(position)], [.. Enumerable.Range(0, Tokens).Select(sequence)]);
    }

    /// <summary>With twice the tokens twice the memory, whatever the kind of attention.</summary>
    [Theory]
    [InlineData(TinyFamily.Dense)]
    [InlineData(TinyFamily.LatentAttention)]
    [InlineData(TinyFamily.LinearBiases)]
    [InlineData(TinyFamily.Bidirectional)]
    [InlineData(null)]
    public void Inputs_take_memory_that_grows_with_the_tokens_of_a_row(TinyFamily? family)
    {
        var path = family is { } kind ? TinyFamilies.PathOf(kind) : TinyModels.PathOf(TinyArchitecture.Gemma3);
        using var files = ModelLoader.Open(path);
        using var model = ModelLoader.Load(files, new NativeLoadOptions { UseExtraBuffers = false }, null, TestContext.Current.CancellationToken);
        var (once, twice) = (InputBytes(model, 256), InputBytes(model, 512));
        Assert.InRange(once, 256, 256 * 64);
        Assert.InRange(twice, once, 2 * once);
    }

    [Fact]
    public void Masks_that_other_operations_use_are_filled_in_full()
    {
        var (taken, shared) = (Leaf(GgmlType.F16, MaskCases.Simple["causal"]), Leaf(GgmlType.F16, MaskCases.Simple["window"]));
        var recorded = With(taken, MaskCases.Record(MaskCases.Others["holes"], GgmlType.F16, Tokens, Cells));
        var (q, k) = (Node(new Shape(8, Tokens, 4), []), Node(new Shape(8, Cells, 2), []));
        var narrow = Node(new Shape(6, Cells, 2), []);
        var other = Leaf(GgmlType.F16, MaskCases.Simple["chunks"]);
        TracedTensor[] nodes =
        [
            Attention(q, k, k, taken), Attention(q, k, k, shared), Attention(q, k, k, recorded), Attention(q, narrow, k, other),
            Node(shared.Shape, [shared, shared]),
        ];
        Assert.Equal([taken], AttentionRewrite.MasksTakenAsIntervals(new TracedGraph(nodes, nodes[0], Tokens, Tokens)));

        static TracedTensor Attention(params TracedTensor[] sources) => Node(new Shape(8, 4, Tokens), sources, GgmlOp.FlashAttnExt);
    }

    /// <summary>What the recorded inputs and the leaves for them take.</summary>
    private static long InputBytes(LlamaModelHandle model, int tokens)
    {
        var graph = StateElimination.Apply(GraphTracer.Trace(model, null, tokens, tokens, threads: 1));
        using var leaves = new GraphBuilder(256);
        var inputs = new RowInputs(graph, leaves, AttentionRewrite.MasksTakenAsIntervals(graph));
        return inputs.Tensors.Sum(input => input.Value.ByteCount + (input.Key.InputData?.Length ?? 0));
    }

    private static float[] Attend(GradientProbe.Argument mask, AttentionOptions options)
    {
        var random = new Random(5);
        GradientProbe.Argument[] arguments = [Vary(new Shape(8, Tokens, 4)), Vary(new Shape(8, Cells, 2)), Vary(new Shape(6, Cells, 2)), mask];
        using var run = new ProbeRun((g, x) => LoraBridge.Training.Autodiff.Ops.Attention.TryEmit(g, options, x[0], x[1], x[2], x[3], default), arguments, threads: 2);
        run.Compute();
        return [.. run.Result, .. run.Gradient(0), .. run.Gradient(1), .. run.Gradient(2)];

        GradientProbe.Argument Vary(Shape shape) => new(GgmlType.F32, shape, Enumerable.Range(0, (int)shape.Count).Select(_ => 2 * random.NextSingle() - 1).ToArray(), true);
    }

    private static T[] Filled<T>(TracedTensor mask, HashSet<TracedTensor>? intervals, int[] lengths) where T : unmanaged => Filled<T>(
        mask, intervals, [.. lengths.SelectMany(length => Enumerable.Range(0, length))], [.. lengths.Index().SelectMany(length => Enumerable.Repeat(length.Index, length.Item))]);

    private static T[] Filled<T>(TracedTensor mask, HashSet<TracedTensor>? intervals, int[] positions, int[] sequences) where T : unmanaged
    {
        NativeRuntime.Initialize();
        var node = Node(mask.Shape, [mask]);
        using var engine = new ComputeEngine(1);
        using var leaves = new GraphBuilder(4);
        var inputs = new RowInputs(new TracedGraph([node], node, Tokens, Tokens), leaves, intervals);
        using var memory = engine.Allocate(leaves);
        Assert.False(inputs.OneSequencePerRow);
        inputs.Fill(new int[Tokens], positions, sequences);
        return inputs.Tensors[mask].ToArray<T>();
    }

    private static TracedTensor Leaf(GgmlType type, Func<int, int, float> mask)
    {
        var leaf = Node(new Shape(Cells, Tokens), [], GgmlOp.None, type);
        return With(leaf, null, MaskCases.WithTensor(type, leaf.Shape, MaskCases.Record(mask, type, Tokens, Cells), tensor => PositionMask.TryRead(tensor, Tokens)));
    }

    private static TracedTensor With(TracedTensor leaf, byte[]? data, PositionMask? mask = null) => new()
    {
        Name = leaf.Name, Op = leaf.Op, Type = leaf.Type, Shape = leaf.Shape, Strides = leaf.Strides, OpParams = leaf.OpParams, InputData = data, Mask = mask,
    };

    private static TracedTensor Node(Shape shape, TracedTensor?[] sources, GgmlOp op = GgmlOp.Add, GgmlType type = GgmlType.F32) => new()
    {
        Name = "tensor", Op = op, Type = type, Shape = shape, Strides = StateElimination.ContiguousStrides(type, shape), OpParams = new int[16], Sources = sources,
    };
}
