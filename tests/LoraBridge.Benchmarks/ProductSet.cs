using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Benchmarks;

/// <summary>Products of tensors in memory, and an engine that computes them; all are freed together.</summary>
/// <param name="threads">Threads that share a product; null takes the physical cores.</param>
internal sealed class ProductSet(int? threads = null) : IDisposable
{
    private const int MostLeaves = 64;

    private readonly GraphBuilder _leaves = new(MostLeaves);
    private readonly ComputeEngine _engine = new(threads);
    private readonly List<Product> _products = [];
    private BufferHandle? _memory;

    /// <summary>Declares a tensor.</summary>
    public TensorPtr Leaf(GgmlType type, Shape shape, string name) => _leaves.Leaf(type, shape, name);

    /// <summary>Gives the tensors that were declared memory, once.</summary>
    public void Allocate() => _memory = _engine.Allocate(_leaves);

    /// <summary>Builds the graph of a product.</summary>
    public Product Add(Func<GraphBuilder, TensorPtr> emit)
    {
        _products.Add(new Product(_engine, emit));
        return _products[^1];
    }

    public void Dispose()
    {
        _products.ForEach(product => product.Dispose());
        _memory?.Dispose();
        _leaves.Dispose();
        _engine.Dispose();
    }
}
