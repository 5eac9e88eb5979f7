using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Benchmarks;

/// <summary>A graph of one product, allocated once.</summary>
internal sealed class Product : IDisposable
{
    private readonly GraphBuilder _builder = new(32);
    private readonly ComputeGraph _graph;
    private readonly GraphAllocatorHandle _allocator;

    public Product(ComputeEngine engine, Func<GraphBuilder, TensorPtr> emit)
    {
        _graph = new ComputeGraph(_builder, engine);
        _allocator = engine.CreateAllocator();
        _graph.ScheduleOutput(emit(_builder));
        _graph.Allocate(_allocator);
    }

    /// <summary>Emits the gradient of y, whose own is <paramref name="dy"/>, with respect to <paramref name="x"/>.</summary>
    public static TensorPtr Gradient(GraphBuilder builder, TensorPtr y, TensorPtr x, TensorPtr dy)
    {
        var pass = new BackwardPass(builder, _ => { });
        pass.AddVariable(x);
        pass.Follow(0, builder.Tape.Count);
        pass.Add(y, dy);
        pass.Run(0, builder.Tape.Count);
        return pass.Gradient(x);
    }

    public void Compute() => _graph.Compute();

    public void Dispose()
    {
        _allocator.Dispose();
        _builder.Dispose();
    }
}
