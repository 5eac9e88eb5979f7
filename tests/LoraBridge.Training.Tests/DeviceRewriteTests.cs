using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Device;
using LoraBridge.Training.Rewrites;

namespace LoraBridge.Training.Tests;

/// <summary>What llama.cpp recorded is what devices compute, with all of its parameters.</summary>
public sealed class DeviceRewriteTests : IDisposable
{
    private const float Scale = 0.25f, Slope = 8, Cap = 50;

    private readonly GraphBuilder _builder = new(64);

    public DeviceRewriteTests() => NativeRuntime.Initialize();

    public void Dispose() => _builder.Dispose();

    [Fact]
    public void Attention_keeps_its_scale_slope_mask_and_sinks()
    {
        var (mask, sinks) = (Leaf(new Shape(9, 7)), Leaf(new Shape(4)));
        var weights = EmitAttention(cap: 0, mask, sinks);
        Assert.Equal((Scale, Slope), (Parameter(weights, 0), Parameter(weights, 1)));
        Assert.Equal((mask, sinks), (weights.Source(1), weights.Source(2)));
        Assert.DoesNotContain(_builder.Tape, node => node.Op == GgmlOp.Unary);
    }

    [Fact]
    public void Attention_keeps_its_cap()
    {
        var weights = EmitAttention(Cap, Leaf(new Shape(9, 7)), default);
        Assert.Equal((1, Slope), (Parameter(weights, 0), Parameter(weights, 1)));
        Assert.True(weights.Source(2).IsNull);
        // cap tanh(scale z / cap).
        var capped = weights.Source(0);
        Assert.Equal((GgmlOp.Scale, Cap), (capped.Op, Parameter(capped, 0)));
        Assert.Equal((GgmlOp.Unary, (int)GgmlUnaryOp.Tanh), (capped.Source(0).Op, capped.Source(0).OpParams[0]));
        Assert.Equal(Scale / Cap, Parameter(capped.Source(0).Source(0), 0));
    }

    /// <summary>Products with weights are computed with 32-bit floats; those of activations are left as they are.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Exact_products_are_those_with_weights(bool isWeight)
    {
        var rewrite = new ExactProductRewrite(new DeviceProducts(_builder.Leaf(GgmlType.I32, new Shape(64), "indices"), GgmlType.F32));
        var (w, x) = (_builder.Leaf(GgmlType.Q8_0, new Shape(32, 4), "w"), Leaf(new Shape(32, 5)));
        var node = Node(GgmlOp.MulMat, new int[16]);
        node.Sources[0] = Node(GgmlOp.None, new int[16]);
        if (isWeight)
            node.Sources[0]!.Weight = w;
        var product = rewrite.TryEmit(new NodeToEmit(_builder, node, node, [w, x], default, _ => default));
        Assert.Equal(isWeight, !product.IsNull);
        if (isWeight)
            Assert.Equal((GgmlOp.MulMat, GgmlType.F32), (product.Op, product.Source(0).Type));
    }

    /// <summary>Rows of a ranking are chosen once each: what lies between the ranking and the choice does not change that.</summary>
    [Fact]
    public void Rows_of_rankings_are_recognised()
    {
        var x = Leaf(new Shape(4, 5, 2));
        var rows = new DeviceRows(_ => false);
        var ranking = _builder.Leaf(GgmlType.I32, new Shape(5, 2), "ranking");
        Assert.False(rows.TakesGetRows(_builder.GetRows(x, ranking)));
        Assert.True(new DeviceRows(leaf => leaf == ranking).TakesGetRows(_builder.GetRows(x, ranking)));
        ranking.SetOp(GgmlOp.Argsort);
        Assert.True(rows.TakesGetRows(_builder.GetRows(x, ranking)));
        var best = _builder.Contiguous(_builder.View(ranking, new Shape(3, 2), ranking.Nb(1), ranking.Nb(2), ranking.Nb(3), 0));
        Assert.Equal(GgmlOp.Cont, best.Op);
        Assert.True(rows.TakesGetRows(_builder.GetRows(x, best)));
    }

    /// <summary>q [8, 7, 4], k [8, 9, 2], v [6, 9, 2].</summary>
    /// <returns>The softmax.</returns>
    private TensorPtr EmitAttention(float cap, TensorPtr mask, TensorPtr sinks)
    {
        int[] parameters = [.. new[] { Scale, Slope, cap }.Select(BitConverter.SingleToInt32Bits), .. new int[13]];
        var node = Node(GgmlOp.FlashAttnExt, parameters);
        TensorPtr[] sources = [Leaf(new Shape(8, 7, 4)), Leaf(new Shape(8, 9, 2)), Leaf(new Shape(6, 9, 2)), mask, sinks];
        var products = new DeviceProducts(_builder.Leaf(GgmlType.I32, new Shape(64), "indices"), GgmlType.F32);
        var y = new DeviceAttentionRewrite(products, new DeviceSoftMax(_ => true), supports: null).TryEmit(new NodeToEmit(_builder, node, node, sources, default, _ => default));
        Assert.Equal(new Shape(6, 4, 7), y.Shape);
        return _builder.Tape.Single(made => made.Op == GgmlOp.SoftMax);
    }

    private static float Parameter(TensorPtr node, int index) => BitConverter.Int32BitsToSingle(node.OpParams[index]);

    private TensorPtr Leaf(Shape shape) => _builder.Leaf(GgmlType.F32, shape, "x");

    private static TracedTensor Node(GgmlOp op, int[] parameters) => new()
    {
        Name = "", Op = op, Type = GgmlType.F32, Shape = new Shape(1), Strides = new long[4], OpParams = parameters, Sources = new TracedTensor?[10],
    };
}
