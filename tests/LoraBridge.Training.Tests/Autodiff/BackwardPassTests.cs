using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests.Autodiff;

/// <summary>No gradient is lost between stretches of the tape, nor to an argument that a rule leaves out.</summary>
public sealed class BackwardPassTests
{
    private const int Element = sizeof(float);

    public BackwardPassTests() => NativeRuntime.Initialize();

    /// <summary>
    /// x -> a view v, where one stretch ends; the next one looks at v through another view. The owner of the memory is x, but what the second stretch
    /// can pass its gradient to is v.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_stretch_may_begin_with_a_view(int offset)
    {
        using var engine = new ComputeEngine(1);
        using var leaves = new GraphBuilder(8);
        using var builder = new GraphBuilder(64);
        var x = leaves.Leaf(GgmlType.F32, new Shape(6, 4), "x");
        var ones = leaves.Leaf(GgmlType.F32, new Shape(2, 6), "ones");
        using var memory = engine.Allocate(leaves);
        float[] values = [.. Enumerable.Range(0, 24).Select(i => 0.1f * i - 1)];
        x.Set<float>(values);
        ones.Set<float>([.. Enumerable.Repeat(1f, 12)]);

        var graph = new ComputeGraph(builder, engine);
        var v = builder.View(x, new Shape(4, 3), 4 * Element, 12 * Element, 12 * Element, 6 * Element * offset);
        var boundary = builder.Tape.Count;
        var w = builder.Reshape(v, new Shape(2, 6));
        var y = builder.Mul(w, w);
        var end = builder.Tape.Count;
        graph.ScheduleOutput(y);

        var second = Pass(v, boundary, end - boundary);
        second.Add(y, ones);
        second.Run(boundary, end - boundary);
        var first = Pass(x, 0, boundary);
        first.Add(v, second.Gradient(v));
        first.Run(0, boundary);
        graph.ScheduleOutput(first.Gradient(x));
        using var allocator = engine.CreateAllocator();
        graph.Allocate(allocator);
        graph.Compute();

        var expected = values.Select((value, i) => i >= 6 * offset && i < 6 * offset + 12 ? 2 * value : 0);
        Assert.Equal(expected, first.Gradient(x).ToArray<float>());

        BackwardPass Pass(TensorPtr variable, int start, int count)
        {
            var pass = new BackwardPass(builder, graph.Schedule);
            pass.AddVariable(variable);
            pass.Follow(start, count);
            return pass;
        }
    }

    [Fact]
    public void A_mask_that_varies_is_an_exception_that_names_it()
    {
        var probe = new GradientProbe((g, x) => g.SoftMax(x[0], x[1], 1, 0)).Vary(new Shape(8, 4, 3)).Vary(new Shape(8, 4));
        var fault = Assert.Throws<NotSupportedException>(probe.Check);
        Assert.Contains("The gradient of x1 ", fault.Message, StringComparison.Ordinal);
        Assert.Contains("would be lost", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sinks_that_vary_get_their_gradient() => new GradientProbe((g, x) =>
    {
        var weights = g.SoftMax(x[0], default, 1, 0);
        g.AddSinks(weights, x[1]);
        return weights;
    }).Vary(new Shape(8, 4, 3)).Vary(new Shape(3)).Check();

    [Fact]
    public void A_mask_that_is_fixed_is_none() => new GradientProbe((g, x) => g.SoftMax(x[0], x[1], 1, 0))
        .Vary(new Shape(8, 4, 3)).Fix(GgmlType.F32, new Shape(8, 4), new float[32]).Check();
}
