using LoraBridge.Cli.Benchmarking;
using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Device;
using LoraBridge.Training.Rewrites;

namespace LoraBridge.Training.Tests.Autodiff;

/// <summary>
/// Rules for devices are made of operations that the CPU has as well. There they give the gradients of its own rules, which others compare with differences.
/// </summary>
public sealed class DeviceRuleTests
{
    private static readonly Shape Matrix = new(12, 5);

    private static Shape[] AttentionShapes => [new Shape(8, 7, 4), new Shape(8, 9, 2), new Shape(6, 9, 2)];

    private static AttentionShape Blocks => new(0.5f, 0, 0) { BlockQueries = 3, MostQueries = 5 };

    public static TheoryData<string> Operations { get; } = [.. Cases.Keys];

    private static Dictionary<string, (Func<GraphBuilder, TensorPtr[], TensorPtr> Operation, Shape[] Arguments)> Cases => new()
    {
        ["MUL_MAT"] = ((g, x) => g.MulMat(x[0], x[1]), [new Shape(12, 7), Matrix]),
        ["MUL_MAT of groups"] = ((g, x) => g.MulMat(x[0], x[1]), [new Shape(12, 7, 2), new Shape(12, 5, 6)]),
        ["RMS_NORM"] = ((g, x) => g.Record(Ggml.ggml_rms_norm(g.Context, x[0], 1e-3f)), [Matrix]),
        ["NORM"] = ((g, x) => g.Record(Ggml.ggml_norm(g.Context, x[0], 1e-3f)), [Matrix]),
        ["L2_NORM of what is shorter than ε"] = ((g, x) => g.Record(Ggml.ggml_l2_norm(g.Context, x[0], 50)), [Matrix]),
        ["L2_NORM"] = ((g, x) => g.Record(Ggml.ggml_l2_norm(g.Context, x[0], 1e-3f)), [Matrix]),
        ["SOFT_MAX"] = ((g, x) => g.SoftMax(x[0], default, 0.7f, 0), [Matrix]),
        ["CUMSUM"] = ((g, x) => g.Record(Ggml.ggml_cumsum(g.Context, x[0])), [Matrix]),
        ["LEAKY_RELU"] = ((g, x) => g.Record(Ggml.ggml_leaky_relu(g.Context, x[0], 0.2f, inplace: false)), [Matrix]),
        ["SIN"] = ((g, x) => g.Record(Ggml.ggml_sin(g.Context, x[0])), [Matrix]),
        ["COS"] = ((g, x) => g.Record(Ggml.ggml_cos(g.Context, x[0])), [Matrix]),
        ["SWIGLU_OAI"] = ((g, x) => g.Record(Ggml.ggml_swiglu_oai(g.Context, x[0], x[1], 1.7f, 0.6f)), [Matrix, Matrix]),
        ["attention"] = ((g, x) => Attention(g, x, new AttentionShape(0.5f, 0, 0)), AttentionShapes),
        ["attention, capped"] = ((g, x) => Attention(g, x, new AttentionShape(0.5f, 0, 2)), AttentionShapes),
        ["attention, masked"] = ((g, x) => Attention(g, x, new AttentionShape(0.5f, 0, 0)), AttentionShapes),
        ["attention, in blocks, masked"] = ((g, x) => Attention(g, x, Blocks), AttentionShapes),
        ["attention, in blocks, masked, sloping"] = ((g, x) => Attention(g, x, Blocks with { MaxBias = 8 }), AttentionShapes),
        ["attention, in blocks"] = ((g, x) => Attention(g, x, Blocks), AttentionShapes),
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public void Gradients_are_those_of_the_CPU_rules(string operation)
    {
        var (make, shapes) = Cases[operation];
        // As a whole, attention has another rule; in small steps, each has the one of the CPU.
        var plain = Is("attention") ? PlainAttention(Is("capped") ? 2 : 0, Is("sloping") ? 8 : 0) : make;
        var mask = Is("masked") ? new GradientProbe.Argument(GgmlType.F32, new Shape(9, 7), Random(63, 9), false) : null;
        Compare(make, plain, shapes, fused: true, mask);
        Compare(make, plain, shapes, fused: false, mask);

        bool Is(string word) => operation.Contains(word, StringComparison.Ordinal);
    }

    /// <summary>A weight of 8 rows, 3 at a time.</summary>
    [Theory]
    [InlineData(GgmlType.F32)]
    [InlineData(GgmlType.Q8_0)]
    public void Large_weights_are_taken_in_parts(object type)
    {
        const int Columns = 32, Rows = 8;
        Func<GraphBuilder, TensorPtr[], TensorPtr> make = (g, x) => g.MulMat(x[1], x[0]);
        Array values = (GgmlType)type == GgmlType.F32 ? Random(Rows * Columns, 3) : RandomBlocks.Make((GgmlType)type, Rows, 1, new SeededRandom(1));
        Compare(
            make, make, [new Shape(Columns, 5)], fused: true, new GradientProbe.Argument((GgmlType)type, new Shape(Columns, Rows), values, false),
            allowed: 1e-5, mostElements: 3 * Columns);
    }

    /// <summary>What is no weight is computed anew for each row, and not rounded.</summary>
    [Fact]
    public void Only_weights_are_rounded_where_they_are_transposed()
    {
        Func<GraphBuilder, TensorPtr[], TensorPtr> make = (g, x) => g.MulMat(g.Scale(x[0], 0.37f), x[1]);
        Compare(make, make, [new Shape(12, 7), Matrix], fused: true, transposedType: GgmlType.BF16, allowed: 1e-5);
    }

    [Fact]
    public void Rows_are_taken_as_many_as_fit_and_those_of_several_matrices_all()
    {
        NativeRuntime.Initialize();
        using var builder = new GraphBuilder(8);
        var matrix = builder.Leaf(GgmlType.F32, new Shape(12, 7), "matrix");
        Assert.Equal((7, 3, 1), (DeviceProducts.RowsAtATime(matrix, 1000), DeviceProducts.RowsAtATime(matrix, 40), DeviceProducts.RowsAtATime(matrix, 1)));
        Assert.Equal(7, DeviceProducts.RowsAtATime(builder.Leaf(GgmlType.F32, new Shape(12, 7, 2), "matrices"), 40));
    }

    /// <summary>Row numbers of experts are 32-bit floats for a while, and heads are shared along one dimension.</summary>
    [Fact]
    public void Products_that_are_not_covered_are_left_to_the_CPU()
    {
        NativeRuntime.Initialize();
        using var builder = new GraphBuilder(32);
        Assert.True(DeviceProducts.TakesMulMatId(Experts(count: 1 << 12, tokens: (1 << 11) - 1)));
        Assert.False(DeviceProducts.TakesMulMatId(Experts(count: 1 << 12, tokens: 1 << 11)));
        Assert.True(DeviceProducts.TakesMulMat(Product(last: 1)));
        Assert.False(DeviceProducts.TakesMulMat(Product(last: 2)));

        TensorPtr Experts(int count, int tokens) => builder.Record(Ggml.ggml_mul_mat_id(
            builder.Context, builder.Leaf(GgmlType.F32, new Shape(4, 4, count), "w"), builder.Leaf(GgmlType.F32, new Shape(4, 2, tokens), "x"),
            builder.Leaf(GgmlType.I32, new Shape(2, tokens), "ids")));

        TensorPtr Product(int last) => builder.MulMat(builder.Leaf(GgmlType.F32, new Shape(4, 3), "w"), builder.Leaf(GgmlType.F32, new Shape(4, 5, 2, last), "x"));
    }

    /// <summary>Sums of products of gradients in half precision would overflow.</summary>
    [Fact]
    public void Products_are_summed_up_in_single_precision()
    {
        NativeRuntime.Initialize();
        using var builder = new GraphBuilder(8);
        var product = builder.MulMatExact(builder.Leaf(GgmlType.F32, new Shape(4, 3), "w"), builder.Leaf(GgmlType.F32, new Shape(4, 5), "x"));
        Assert.Equal(10, product.OpParams[0]);
    }

    [Theory]
    [InlineData(nameof(GgmlUnaryOp.Abs))]
    [InlineData(nameof(GgmlUnaryOp.Neg))]
    [InlineData(nameof(GgmlUnaryOp.Tanh))]
    [InlineData(nameof(GgmlUnaryOp.Elu))]
    [InlineData(nameof(GgmlUnaryOp.Relu))]
    [InlineData(nameof(GgmlUnaryOp.Sigmoid))]
    [InlineData(nameof(GgmlUnaryOp.Gelu))]
    [InlineData(nameof(GgmlUnaryOp.GeluQuick))]
    [InlineData(nameof(GgmlUnaryOp.Silu))]
    [InlineData(nameof(GgmlUnaryOp.Hardsigmoid))]
    [InlineData(nameof(GgmlUnaryOp.Hardswish))]
    [InlineData(nameof(GgmlUnaryOp.Exp))]
    [InlineData(nameof(GgmlUnaryOp.Expm1))]
    [InlineData(nameof(GgmlUnaryOp.Softplus))]
    public void Slopes_are_those_of_the_CPU_rules(string function)
    {
        Func<GraphBuilder, TensorPtr[], TensorPtr> make = (g, x) => g.Unary(x[0], Enum.Parse<GgmlUnaryOp>(function));
        Compare(make, make, [Matrix], fused: true);
    }

    [Theory]
    [InlineData(nameof(GgmlGluOp.Reglu), false)]
    [InlineData(nameof(GgmlGluOp.Geglu), true)]
    [InlineData(nameof(GgmlGluOp.Swiglu), false)]
    [InlineData(nameof(GgmlGluOp.Swiglu), true)]
    [InlineData(nameof(GgmlGluOp.GegluQuick), false)]
    public void Gated_units_of_one_tensor_are_those_of_the_CPU_rules(string function, bool swapped)
    {
        // ggml computes the values of some functions from tables of half precision.
        Func<GraphBuilder, TensorPtr[], TensorPtr> make = (g, x) => g.Record(Ggml.ggml_glu(g.Context, x[0], Enum.Parse<GgmlGluOp>(function), swapped));
        Compare(make, make, [Matrix], fused: true, allowed: 1e-3);
    }

    /// <summary>Experts of three tokens, two each; the inner dimension is the larger one, or the smaller.</summary>
    [Theory]
    [InlineData(12, 5, 2)]
    [InlineData(5, 12, 2)]
    [InlineData(12, 5, 1)]
    public void Gradients_of_experts_are_those_of_the_CPU_rules(int k, int m, int inputs)
    {
        Func<GraphBuilder, TensorPtr[], TensorPtr> make = (g, x) => g.Record(Ggml.ggml_mul_mat_id(g.Context, x[0], x[1], x[2]));
        Compare(make, make, [new Shape(k, m, 4), new Shape(k, inputs, 3)], fused: true, new GradientProbe.Argument(GgmlType.I32, new Shape(2, 3), new[] { 1, 3, 0, 1, 3, 1 }, false));
    }

    /// <summary>Seven queries among nine keys, none of which sees one behind it; the last two keys are padding, and a band of the others is hidden, too.</summary>
    [Theory]
    [InlineData(3, false, false)]
    [InlineData(3, true, false)]
    [InlineData(512, true, false)]
    [InlineData(3, false, true)]
    public void Attention_multiplies_with_the_keys_alone_that_queries_may_see(int block, bool multipliesOuter, bool isFused)
    {
        const int queries = 7, keys = 9, window = 4;
        float[] hidden = [.. from q in Enumerable.Range(0, queries) from k in Enumerable.Range(0, keys) select k <= q && k > q - window ? 0 : float.NegativeInfinity];
        var mask = isFused
            ? new GradientProbe.Argument(GgmlType.F16, new Shape(keys, queries), hidden.Select(x => BitConverter.HalfToUInt16Bits((Half)x)).ToArray(), false)
            : new GradientProbe.Argument(GgmlType.F32, new Shape(keys, queries), hidden, false);
        var options = new AttentionShape(0.5f, 0, 0) { IsCausal = true, CausalQueries = block };
        var hiddenKeys = 0L;
        Compare(
            (g, x) =>
            {
                var products = new DeviceProducts(default, GgmlType.F32, multipliesOuter: multipliesOuter);
                var fused = isFused ? g.Copy(Node(GgmlOp.FlashAttnExt, new Shape(8, 4, queries), 0.5f), x, default) : default;
                var y = DeviceAttention.Emit(g, products, new DeviceSoftMax(_ => true), options, x[0], x[1], x[2], x[3], default, fused);
                hiddenKeys = g.Tape.Where(node => node.Op == GgmlOp.SoftMax).Sum(node => keys - node.Ne(0));
                return y;
            },
            PlainAttention(0, 0), [new Shape(8, queries, 4), new Shape(8, keys, 2), new Shape(8, keys, 2)], fused: true, mask, allowed: isFused ? 1e-3 : 1e-4);
        Assert.Equal(isFused ? 0 : block == 3 ? 6 + 3 + 2 : 2, hiddenKeys);
    }

    [Fact]
    public void What_is_chosen_once_is_written_where_it_was_chosen()
    {
        var indices = new GradientProbe.Argument(GgmlType.I32, new Shape(3), new[] { 4, 0, 2 }, false);
        TensorPtr chosen = default;
        Func<GraphBuilder, TensorPtr[], TensorPtr> make = (g, x) => g.GetRows(x[0], chosen = x[1]);
        Compare(make, make, [Matrix], fused: true, indices);
        Compare(make, make, [Matrix], fused: true, indices, areDistinct: leaf => leaf == chosen);
        var again = indices with { Values = new[] { 4, 4, 2 } };
        Compare(make, make, [Matrix], fused: true, again);
    }

    /// <summary>Devices look at the target of a copy, which a recorded one does not name.</summary>
    [Fact]
    public void A_recorded_copy_is_its_own_target()
    {
        using var builder = new GraphBuilder(4);
        var copy = builder.Copy(Node(GgmlOp.Cpy, Matrix), [builder.Leaf(GgmlType.F16, Matrix, "x")], default);
        Assert.Equal(copy, copy.Source(1));
    }

    /// <summary>Strides do not tell that one row is transposed: a library would take it for one that is not.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    public void One_row_is_multiplied_as_it_is(int rows, int outerProducts)
    {
        NativeRuntime.Initialize();
        GradientProbe.Argument[] arguments =
            [new(GgmlType.F32, new Shape(12, rows), Random(12 * rows, 1), false), new(GgmlType.F32, Matrix, Random(60, 2), true)];
        var rules = new DeviceRules(new DeviceProducts(default, GgmlType.F32, multipliesOuter: true), _ => true);
        using var run = new ProbeRun((g, x) => g.MulMat(x[0], x[1]), arguments, new ComputeEngine(1), rules);
        Assert.Equal(outerProducts, run.Graph.Nodes.Count(node => node.Op == GgmlOp.OutProd));
    }

    [Fact]
    public void A_scale_is_multiplied_where_there_is_less()
    {
        var (scale, biased) = (Node(GgmlOp.Scale, Matrix, 0.5f), Node(GgmlOp.Scale, Matrix, 0.5f, 1));
        using var builder = new GraphBuilder(32);
        var z = builder.Leaf(GgmlType.F32, new Shape(3, 5), "z");
        var product = builder.MulMat(builder.Leaf(GgmlType.F32, new Shape(3, 12), "B"), z);
        var scaled = new ScaledProductRewrite().TryEmit(Place(scale, product));
        Assert.Equal((GgmlOp.MulMat, GgmlOp.Scale), (scaled.Op, scaled.Source(1).Op));
        Assert.Equal((z, 0.5f), (scaled.Source(1).Source(0), BitConverter.Int32BitsToSingle(scaled.Source(1).OpParams[0])));
        Assert.True(new ScaledProductRewrite().TryEmit(Place(biased, product)).IsNull);
        var narrow = builder.MulMat(builder.Leaf(GgmlType.F32, new Shape(12, 2), "A"), product);
        Assert.True(new ScaledProductRewrite().TryEmit(Place(scale, narrow)).IsNull);

        NodeToEmit Place(TracedTensor node, TensorPtr source) => new(builder, node, node, [source], default, _ => default);
    }

    /// <summary>Sinks are weights of the model: nothing trains them on a device, and a gradient that got lost would not be noticed.</summary>
    [Fact]
    public void Sinks_cannot_be_trained()
    {
        NativeRuntime.Initialize();
        Func<GraphBuilder, TensorPtr[], TensorPtr> make = (g, x) =>
            DeviceAttention.Emit(g, new DeviceProducts(default, GgmlType.F32), new DeviceSoftMax(_ => true), new AttentionShape(0.5f, 0, 0), x[0], x[1], x[2], default, x[3]);
        List<GradientProbe.Argument> arguments =
            [.. AttentionShapes.Append(new Shape(4)).Select(shape => new GradientProbe.Argument(GgmlType.F32, shape, Random((int)shape.Count, 1), true))];
        var rules = new DeviceRules(new DeviceProducts(default, GgmlType.F32), _ => true);
        var fault = Assert.Throws<NotSupportedException>(() => new ProbeRun(make, arguments, new ComputeEngine(1), rules));
        Assert.Contains("x3 cannot be trained on a device", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Transposed_weights_may_be_BF16()
    {
        Func<GraphBuilder, TensorPtr[], TensorPtr> make = (g, x) => g.MulMat(x[1], x[0]);
        var weight = new GradientProbe.Argument(GgmlType.F32, new Shape(12, 8), Random(96, 3), false);
        Compare(make, make, [Matrix], fused: true, weight, GgmlType.BF16, allowed: 1e-2);
    }

    private static void Compare(
        Func<GraphBuilder, TensorPtr[], TensorPtr> onDevice, Func<GraphBuilder, TensorPtr[], TensorPtr> onCpu, Shape[] shapes, bool fused,
        GradientProbe.Argument? last = null, GgmlType transposedType = GgmlType.F32, double allowed = 1e-4,
        long mostElements = 1 << 20, Func<TensorPtr, bool>? areDistinct = null)
    {
        NativeRuntime.Initialize();
        List<GradientProbe.Argument> arguments = [.. shapes.Select((shape, i) => new GradientProbe.Argument(GgmlType.F32, shape, Random((int)shape.Count, i), true))];
        if (last is not null)
            arguments.Add(last);
        using var leaves = new GraphBuilder(1);
        var engine = new ComputeEngine(1);
        var indices = leaves.Leaf(GgmlType.I32, new Shape(256), "indices");
        using var memory = engine.Allocate(leaves);
        indices.Set<int>(Enumerable.Range(0, 256).ToArray());
        using var expected = new ProbeRun(onCpu, arguments, 1);
        var products = new DeviceProducts(indices, transposedType, multipliesOuter: fused && transposedType == GgmlType.F32, mostElements: mostElements);
        using var found = new ProbeRun(onDevice, arguments, engine, new DeviceRules(products, _ => fused, areDistinct));
        expected.Compute();
        found.Compute();
        for (var i = 0; i < shapes.Length; i++)
        {
            var (a, b) = (expected.Gradient(i), found.Gradient(i));
            var length = Math.Sqrt(a.Sum(x => (double)x * x));
            Assert.True(length > 1e-3, $"Nothing depends on argument {i}: the test says nothing.");
            var difference = Math.Sqrt(a.Zip(b, (x, y) => ((double)x - y) * (x - y)).Sum());
            Assert.True(difference <= allowed * length, $"The gradient of argument {i} {shapes[i]} is {difference:G3} off, of {length:G3}.");
        }
    }

    private static TensorPtr Attention(GraphBuilder g, TensorPtr[] x, AttentionShape options) =>
        DeviceAttention.Emit(g, new DeviceProducts(default, GgmlType.F32), new DeviceSoftMax(_ => true), options, x[0], x[1], x[2], x.Length > 3 ? x[3] : default, default);

    private static Func<GraphBuilder, TensorPtr[], TensorPtr> PlainAttention(float cap, float maxBias) => (g, x) =>
    {
        var scores = g.MulMat(x[1], x[0]);
        var weights = cap == 0 ? g.SoftMax(scores, x.Length > 3 ? x[3] : default, 0.5f, maxBias) : g.SoftMax(g.Scale(g.Tanh(g.Scale(scores, 0.5f / cap)), cap), default, 1, 0);
        return g.Contiguous(g.Permute(g.MulMat(g.Contiguous(g.Transpose(x[2])), weights), 0, 2, 1, 3));
    };

    private static TracedTensor Node(GgmlOp op, Shape shape, params float[] parameters)
    {
        var words = new int[16];
        for (var i = 0; i < parameters.Length; i++)
            words[i] = BitConverter.SingleToInt32Bits(parameters[i]);
        return new TracedTensor { Name = "", Op = op, Type = GgmlType.F32, Shape = shape, Strides = [], OpParams = words };
    }

    private static float[] Random(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => 2 * random.NextSingle() - 1)];
    }
}
