namespace LoraBridge.Training.Graphs;

/// <summary>A recorded graph computed as we lower it, without training: to compare its logits with those of llama.cpp.</summary>
internal sealed class ForwardGraph : IDisposable
{
    private readonly GraphBuilder _leaves;
    private readonly GraphBuilder _builder;
    private readonly BufferHandle _leafMemory;
    private readonly GraphAllocatorHandle _allocator;
    private readonly ComputeGraph _graph;
    private readonly RowInputs _inputs;
    private readonly TensorPtr _logits;
    private readonly TensorPtr _rows;
    private readonly int _outputRows;

    public ForwardGraph(TracedGraph graph, ComputeEngine engine)
    {
        graph = StateElimination.Apply(engine.Bind(graph));
        _outputRows = graph.OutputRows;
        _leaves = new GraphBuilder(64 + graph.Leaves.Count * 2);
        _inputs = new RowInputs(graph, _leaves);
        var leaves = _inputs.Tensors.ToDictionary();
        if (_inputs.OutputRows is { } rows)
            leaves[rows] = _rows = _leaves.Leaf(GgmlType.I32, rows.Shape, rows.Name);
        _leafMemory = engine.Allocate(_leaves);

        _builder = new GraphBuilder(256 + graph.Nodes.Count * 8);
        _graph = new ComputeGraph(_builder, engine);
        var emitter = new Emitter(_builder, leaves, form: null);
        emitter.Emit(graph.Nodes);
        _logits = emitter[graph.Output];
        _graph.ScheduleOutput(_logits);
        _allocator = engine.CreateAllocator();
        _graph.Allocate(_allocator);
    }

    /// <summary>Logits [V, rows] for the last tokens of a row with one sequence.</summary>
    public float[] Compute(ReadOnlySpan<int> tokens)
    {
        var positions = Enumerable.Range(0, tokens.Length).ToArray();
        _inputs.Fill(tokens, positions, new int[tokens.Length]);
        if (!_rows.IsNull)
            _rows.Set<int>(Enumerable.Range(tokens.Length - _outputRows, _outputRows).ToArray());
        _graph.Compute();
        return _logits.ToArray<float>();
    }

    public void Dispose()
    {
        _allocator.Dispose();
        _leafMemory.Dispose();
        _builder.Dispose();
        _leaves.Dispose();
    }
}
