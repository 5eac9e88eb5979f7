using LoraBridge.Training.Graphs;

namespace LoraBridge.Training;

/// <summary>Memory of a device with a number for each element of the parameters, zero at first.</summary>
internal sealed class ParameterMemory : IDisposable
{
    private readonly ParameterLayout _layout;
    private readonly GraphBuilder _leaves;
    private readonly BufferHandle? _memory;

    /// <param name="allocate">Allocates leaves on the device.</param>
    /// <param name="layout">Where parameters lie.</param>
    /// <param name="name">What the numbers are.</param>
    /// <exception cref="NativeException">There is not enough memory.</exception>
    public ParameterMemory(Func<GraphBuilder, BufferHandle> allocate, ParameterLayout layout, string name)
    {
        _layout = layout;
        _leaves = new GraphBuilder(Math.Max(1, layout.BlockSizes.Count));
        Blocks = [.. layout.BlockSizes.Select(size => _leaves.Leaf(GgmlType.F32, new Shape(size), name))];
        try
        {
            _memory = Blocks.Count > 0 ? allocate(_leaves) : null;
        }
        catch
        {
            _leaves.Dispose();
            throw;
        }
    }

    /// <summary>The tensors that the parameters lie in.</summary>
    public IReadOnlyList<TensorPtr> Blocks { get; }

    /// <summary>Bytes of all of it.</summary>
    public long Bytes => _memory is null ? 0 : (long)Ggml.ggml_backend_buffer_get_size(_memory.Pointer);

    /// <summary>A leaf for the numbers of a parameter, where they lie.</summary>
    public TensorPtr Leaf(GraphBuilder builder, int parameter, Shape shape, string name)
    {
        var (block, start) = _layout[parameter];
        var leaf = builder.Leaf(GgmlType.F32, shape, name);
        Buffers.PlaceWithin(Blocks[block], leaf, sizeof(float) * start);
        return leaf;
    }

    public void Get(int parameter, Span<float> numbers)
    {
        var (block, start) = _layout[parameter];
        Blocks[block].Get(numbers, start);
    }

    public void Set(int parameter, ReadOnlySpan<float> numbers)
    {
        var (block, start) = _layout[parameter];
        Blocks[block].Set(numbers, start);
    }

    public void Clear()
    {
        if (_memory is not null)
            Ggml.ggml_backend_buffer_clear(_memory.Pointer, 0);
    }

    /// <summary>Copies all into memory of the same layout, without passing through the host.</summary>
    public void CopyTo(ParameterMemory other)
    {
        foreach (var (from, to) in Blocks.Zip(other.Blocks))
            from.CopyTo(to);
    }

    public void Dispose()
    {
        _memory?.Dispose();
        _leaves.Dispose();
    }
}
