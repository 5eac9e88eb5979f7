using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests;

public sealed class ParameterLayoutTests : IDisposable
{
    private readonly GraphBuilder _leaves = new(32);

    public ParameterLayoutTests() => NativeRuntime.Initialize();

    public void Dispose() => _leaves.Dispose();

    [Fact]
    public void Parameters_lie_apart_and_aligned_and_all_A_before_all_B()
    {
        var parameters = Create(("x.lora_a", 100), ("x.lora_b", 64), ("y.lora_a", 1), ("y.lora_b", 65));
        var layout = new ParameterLayout(parameters);
        Assert.Equal([0, 2, 1, 3], layout.Order);
        Assert.Equal([(0, 0), (0, 192), (0, 128), (0, 256)], Enumerable.Range(0, 4).Select(i => layout[i]));
        Assert.Equal([128, 64, 64, 128], layout.Extents);
        Assert.Equal([384], layout.BlockSizes);
        Assert.Equal(4 * 384, layout.Bytes);
    }

    /// <summary>A parameter is never cut: one that is larger than a tensor should be has one by itself.</summary>
    [Fact]
    public void Tensors_are_not_larger_than_they_may_be()
    {
        var layout = new ParameterLayout(Create(("a", 64), ("b", 64), ("c", 300), ("d", 10)), mostElements: 128);
        Assert.Equal([(0, 0), (0, 64), (1, 0), (2, 0)], Enumerable.Range(0, 4).Select(i => layout[i]));
        Assert.Equal([128, 320, 64], layout.BlockSizes);
    }

    private TrainableTensor[] Create(params (string Name, long Count)[] sizes)
    {
        return [.. sizes.Select(one => new TrainableTensor(one.Name, Leaf(one.Name, one.Count), Leaf($"{one.Name}.grad", one.Count)))];

        TensorPtr Leaf(string name, long count) => _leaves.Leaf(GgmlType.F32, new Shape(count), name);
    }
}
