using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff;

namespace LoraBridge.Training;

/// <summary>
/// Forward, loss and, if wanted, backward of one row as one graph. The order it is scheduled in is the order it runs in: layers forward,
/// each chunk of the head forward and straight back, layers backward.
/// </summary>
internal sealed class TrainingStepGraph : IDisposable
{
    private readonly TrainingGraph _owner;
    private readonly GraphParts _parts;
    private readonly TracedGraph _traced;
    private readonly IReadOnlyList<IRewrite> _rewrites;
    private readonly GraphBuilder _builder;
    private readonly ComputeGraph _graph;
    private readonly List<HeadLoss> _losses = [];
    private readonly Dictionary<TracedTensor, TensorPtr> _values;
    private readonly HashSet<TensorPtr> _recomputed = [];
    private readonly int _bodyEnd;
    private readonly int _headEnd;

    /// <summary>Gradients of the values that layers pass on; the later layers add to them before the earlier ones use them.</summary>
    private readonly Dictionary<TracedTensor, TensorPtr> _gradients = [];

    public TrainingStepGraph(
        TrainingGraph owner, TracedGraph traced, RowInputs inputs, IReadOnlyList<HeadChunk> chunks, ComputeEngine engine, bool backward, int kept,
        int capacity)
    {
        _owner = owner;
        _parts = owner.Parts;
        _traced = traced;
        _rewrites = backward ? owner.TrainedNodes : owner.MeasuredNodes;
        _values = new Dictionary<TracedTensor, TensorPtr>(inputs.Tensors);
        foreach (var (leaf, variable) in _parts.Trainable.Zip(owner.Target.Variables))
            _values[leaf] = variable.Value;
        _builder = new GraphBuilder(capacity);
        _graph = new ComputeGraph(_builder, engine);
        try
        {
            (_bodyEnd, _headEnd) = Build(inputs, chunks, backward, kept);
        }
        catch
        {
            _builder.Dispose();
            throw;
        }
    }

    /// <summary>Tensors of such a graph, nearly always: a node is emitted forward once or twice, and has a handful of backward ones.</summary>
    public static int CapacityFor(GraphParts parts, TracedGraph traced, int chunks) =>
        1024 + traced.Leaves.Count + 24 * (parts.Layers.Sum(layer => layer.Count) + parts.Head.Count * chunks);

    /// <summary>Σ weight · loss of the last computation.</summary>
    public double Loss => _losses.Sum(loss => loss.Value());

    /// <summary>The memory that the intermediate results take; nothing is allocated.</summary>
    public ResultMemory Measure(GraphAllocatorHandle unused) => _graph.Measure(unused);

    /// <inheritdoc cref="ComputeGraph.Allocate"/>
    public bool Allocate(GraphAllocatorHandle allocator) => _graph.Allocate(allocator);

    public void Compute() => _graph.Compute();

    /// <summary>What a device left to the CPU of the graph that was placed last.</summary>
    /// <param name="device">What the graph is computed on.</param>
    public IReadOnlyList<HostOperations> OnHost(DeviceEngine device)
    {
        var weights = _traced.Leaves.Where(leaf => leaf.IsWeight).Select(leaf => leaf.Weight).ToHashSet();
        return HostOperations.Of(_graph, device, weights.Contains);
    }

    /// <summary>Computes the row of the last computation once more, and says how long each operation takes.</summary>
    public IEnumerable<(TrainingPhase Phase, OperationTime Time)> Profile() => _graph.Profile().Select(time => (PhaseOf(time), time));

    public void Dispose() => _builder.Dispose();

    private TrainingPhase PhaseOf(OperationTime time) => time.Index < _bodyEnd
        ? TrainingPhase.Forward
        : time.Index < _headEnd ? TrainingPhase.Head : _recomputed.Contains(time.Node) ? TrainingPhase.Recomputation : TrainingPhase.Backward;

    /// <param name="inputs">Inputs of the row.</param>
    /// <param name="chunks">Inputs of the head.</param>
    /// <param name="backward">Whether gradients are wanted.</param>
    /// <param name="kept">How many layers, from the last on, keep their results for the backward pass; the others are computed again there.</param>
    /// <returns>How many operations belong to the layers forward, and to these and the head.</returns>
    private (int BodyEnd, int HeadEnd) Build(RowInputs inputs, IReadOnlyList<HeadChunk> chunks, bool backward, int kept)
    {
        var layers = _parts.Layers.Select(EmitLayer).ToList();
        foreach (var output in _parts.BodyOutputs)
            _graph.Schedule(_values[output]);
        var bodyEnd = _graph.Count;
        foreach (var chunk in chunks)
        {
            var head = EmitHead(inputs, chunk);
            if (backward)
                AddBackward(head);
        }
        var headEnd = _graph.Count;
        // Below the first layer that varies with what is trained there is nothing to pass gradients to.
        for (var i = layers.Count - 1; i >= _parts.FrozenLayers && backward; i--)
            AddBackward(i, layers.Count - i > kept ? Recompute(i) : layers[i]);
        return (bodyEnd, headEnd);
    }

    /// <summary>A stretch of the tape, and the tensors that stand for the recorded ones there.</summary>
    private readonly record struct Emitted(Emitter Emitter, int Start, int Count);

    /// <summary>The head for one chunk, with its logits and the loss's gradient with respect to them.</summary>
    private readonly record struct EmittedHead(Emitted Nodes, TensorPtr Logits, TensorPtr Gradient);

    private Emitted EmitLayer(ArraySegment<TracedTensor> layer)
    {
        var emitted = Emit(layer, _values);
        foreach (var node in layer)
            _values[node] = emitted.Emitter[node];
        return emitted;
    }

    private Emitted Emit(IReadOnlyCollection<TracedTensor> nodes, IReadOnlyDictionary<TracedTensor, TensorPtr> known)
    {
        var start = _builder.Tape.Count;
        var emitter = new Emitter(_builder, known, _rewrites);
        emitter.Emit(nodes);
        return new Emitted(emitter, start, _builder.Tape.Count - start);
    }

    /// <summary>Emits a layer once more, on the stored results of the layers before it.</summary>
    private Emitted Recompute(int layer)
    {
        var known = _values.Where(pair => pair.Key.IsInput || pair.Key.IsWeight).ToDictionary();
        foreach (var input in _parts.Inputs(layer))
            known[input] = _values[input];
        // A view is made of what owns its memory. Where no gradient passes, that may lie in an earlier layer than what the view was taken of.
        var own = _parts.Layers[layer].ToHashSet();
        foreach (var root in own.Select(node => node.ViewSource).OfType<TracedTensor>().Where(root => !own.Contains(root) && _values.ContainsKey(root)))
            known[root] = _values[root];
        var emitted = Emit(_parts.Layers[layer], known);
        _recomputed.UnionWith(_builder.Tape.Skip(emitted.Start));
        return emitted;
    }

    /// <summary>Emits the head for some tokens, and their loss.</summary>
    private EmittedHead EmitHead(RowInputs inputs, HeadChunk chunk)
    {
        var known = new Dictionary<TracedTensor, TensorPtr>(_values);
        if (inputs.OutputRows is { } rows)
            known[rows] = chunk.Rows;
        var head = Emit((IReadOnlyCollection<TracedTensor>)_parts.Head, known);
        var logits = head.Emitter[_traced.Output];

        var loss = _owner.Target.EmitLoss(_builder, chunk, logits);
        _losses.Add(loss);
        foreach (var output in loss.Outputs)
            _graph.Schedule(output);
        return new EmittedHead(head, logits, loss.Gradient);
    }

    /// <summary>The way back from a chunk's loss to the results of the body.</summary>
    private void AddBackward(EmittedHead head)
    {
        var pass = CreatePass(_parts.BodyOutputs, head.Nodes);
        if (!pass.Needs(head.Logits))
            throw new NotSupportedException("The loss does not depend on anything that is trained.");
        pass.Add(head.Logits, head.Gradient);
        pass.Run(head.Nodes.Start, head.Nodes.Count);
        Collect(pass, _parts.BodyOutputs);
    }

    private void AddBackward(int layer, Emitted emitted)
    {
        var inputs = _parts.Inputs(layer);
        var pass = CreatePass(inputs, emitted);
        foreach (var node in _parts.Layers[layer])
            if (_gradients.Remove(node, out var gradient))
                pass.Add(emitted.Emitter[node], gradient);
        pass.Run(emitted.Start, emitted.Count);
        Collect(pass, inputs);
    }

    private BackwardPass CreatePass(IReadOnlyList<TracedTensor> inputs, Emitted emitted)
    {
        var pass = new BackwardPass(_builder, _graph.Schedule, _owner.Target.Rules);
        foreach (var (value, gradient) in _owner.Target.Variables)
            pass.AddVariable(value, gradient);
        foreach (var input in inputs)
            if (_parts.Varies(input))
                pass.AddVariable(_values[input]);
        pass.Follow(emitted.Start, emitted.Count);
        return pass;
    }

    /// <summary>Adds what a pass found to the parameters' gradients, and to those of what came into its stretch.</summary>
    private void Collect(BackwardPass pass, IReadOnlyList<TracedTensor> inputs)
    {
        foreach (var (value, sum) in _owner.Target.Variables)
            if (pass.Gradient(value) is { IsNull: false } gradient)
                _graph.Schedule(_builder.AddInPlace(sum, gradient));
        foreach (var input in inputs)
            if (pass.Gradient(_values[input]) is { IsNull: false } gradient)
            {
                _gradients[input] = _gradients.TryGetValue(input, out var sum) ? _builder.Add(sum, gradient) : gradient;
                _graph.Schedule(_gradients[input]);
            }
    }
}
