using LoraBridge.Finetuning;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training;

/// <summary>
/// Forward, loss and, if wanted, backward of one row as one graph. The order it is scheduled in is the order it runs in: layers forward,
/// each chunk of the head forward and straight back, layers backward.
/// </summary>
internal sealed class TrainingStepGraph : IDisposable
{
    private readonly TrainingGraph _owner;
    private readonly GraphParts _parts;
    private readonly int _outputRows;
    private readonly IReadOnlyList<Rewrite> _rewrites;
    private readonly GraphBuilder _builder;
    private readonly ComputeGraph _graph;
    private readonly List<HeadLoss> _losses = [];
    private readonly Dictionary<TracedTensor, TensorPtr> _values;
    private readonly HashSet<TensorPtr> _recomputed = [];
    private readonly int _bodyEnd;
    private readonly int _headEnd;

    /// <summary>Gradients of the values that layers pass on.</summary>
    private readonly Dictionary<TracedTensor, TensorPtr> _gradients = [];

    /// <param name="owner">What is trained, and in which parts.</param>
    /// <param name="inputs">Inputs of the row.</param>
    /// <param name="outputRows">Tokens that get logits.</param>
    /// <param name="engine">Where to compute.</param>
    /// <param name="backward">Whether gradients are wanted.</param>
    /// <param name="plan">What layers keep for the backward pass.</param>
    /// <param name="capacity">Tensors that can be made.</param>
    public TrainingStepGraph(TrainingGraph owner, RowInputs inputs, int outputRows, ComputeEngine engine, bool backward, LayerPlan plan, int capacity)
    {
        _owner = owner;
        _parts = owner.Parts;
        _outputRows = outputRows;
        _rewrites = backward ? owner.TrainedNodes : owner.MeasuredNodes;
        _values = new Dictionary<TracedTensor, TensorPtr>(inputs.Tensors);
        foreach (var (leaf, variable) in _parts.Trainable.Zip(owner.Target.Variables))
            _values[leaf] = variable.Value;
        _builder = new GraphBuilder(capacity);
        _graph = new ComputeGraph(_builder, engine);
        try
        {
            (_bodyEnd, _headEnd) = Build(inputs, backward, plan);
        }
        catch
        {
            _builder.Dispose();
            throw;
        }
    }

    /// <summary>Tensors of such a graph, nearly always: a node is emitted forward once or twice, and has a handful of backward ones.</summary>
    public static int CapacityFor(GraphParts parts, int leaves, int chunks) =>
        1024 + leaves + 24 * (parts.Layers.Sum(layer => layer.Count) + parts.Head.Count * chunks);

    /// <summary>Σ weight · loss of the last computation.</summary>
    public double Loss => _losses.Sum(loss => loss.Value());

    /// <summary>The memory that the intermediate results take; nothing is allocated.</summary>
    public ResultMemory Measure(GraphAllocatorHandle unused) => _graph.Measure(unused);

    /// <inheritdoc cref="ComputeGraph.Allocate"/>
    public bool Allocate(GraphAllocatorHandle allocator) => _graph.Allocate(allocator);

    public void Compute() => _graph.Compute();

    /// <summary>What a device left to the CPU of this graph, which was placed last.</summary>
    /// <param name="device">What the graph is computed on.</param>
    public IReadOnlyList<HostOperations> OnHost(DeviceEngine device) => HostOperations.Of(_graph, device, _owner.IsWeight);

    /// <summary>Computes the row of the last computation once more, and says how long each operation takes.</summary>
    public IEnumerable<(TrainingPhase Phase, OperationTime Time)> Profile() => _graph.Profile().Select(time => (PhaseOf(time), time));

    public void Dispose() => _builder.Dispose();

    private TrainingPhase PhaseOf(OperationTime time) => time.Index < _bodyEnd
        ? TrainingPhase.Forward
        : time.Index < _headEnd ? TrainingPhase.Head : _recomputed.Contains(time.Node) ? TrainingPhase.Recomputation : TrainingPhase.Backward;

    /// <returns>How many operations belong to the layers forward, and to these and the head.</returns>
    private (int BodyEnd, int HeadEnd) Build(RowInputs inputs, bool backward, LayerPlan plan)
    {
        if (inputs.OutputRows is { } rows)
            _values[rows] = _builder.Part(_owner.Head.Rows, new Shape(_outputRows), 0);
        var layers = _parts.Layers.Select(EmitLayer).ToList();
        _graph.Schedule(_values[_parts.BodyOutput]);
        var bodyEnd = _graph.Count;
        var costly = plan.CostlyKept > 0 ? _graph.Nodes.Where(IsCostly).ToHashSet() : [];
        for (var first = 0; first < _outputRows; first += _owner.ChunkRows)
        {
            var head = EmitHead(first, Math.Min(_owner.ChunkRows, _outputRows - first));
            if (backward)
                AddBackward(head);
        }
        var headEnd = _graph.Count;
        // Below the first layer that varies with what is trained there is nothing to pass gradients to.
        for (var i = layers.Count - 1; backward && _gradients.Count > 0; i--)
        {
            var later = layers.Count - 1 - i;
            AddBackward(i, later < plan.Kept ? layers[i] : Recompute(i, layers[i], later < plan.Kept + plan.CostlyKept ? costly : []));
        }
        return (bodyEnd, headEnd);
    }

    /// <summary>Whether a result takes nearly all of the work of a layer, together with others like it. Their gradients do without it.</summary>
    private bool IsCostly(TensorPtr node) =>
        _builder.KernelOf(node) is Linear or Attention || node.Op is GgmlOp.MulMat or GgmlOp.MulMatId or GgmlOp.FlashAttnExt or GgmlOp.SsmScan or GgmlOp.GatedDeltaNet;

    /// <summary>A stretch of the tape, and the tensors that stand for the recorded ones there.</summary>
    private readonly record struct Emitted(Emitter Emitter, int Start, int Count)
    {
        /// <summary>Operations that need not be computed, by the values that were kept of them.</summary>
        public IReadOnlyDictionary<TensorPtr, TensorPtr> Kept { get; init; } = new Dictionary<TensorPtr, TensorPtr>();
    }

    /// <summary>The head for some rows of the body's output, with its logits and the loss's gradient with respect to them.</summary>
    private readonly record struct EmittedHead(Emitted Nodes, int First, TensorPtr Input, TensorPtr Logits, TensorPtr Gradient);

    private Emitted EmitLayer(ArraySegment<TracedTensor> layer)
    {
        var emitted = Emit(layer, _values, _outputRows);
        foreach (var node in layer)
            _values[node] = emitted.Emitter[node];
        return emitted;
    }

    private Emitted Emit(
        IReadOnlyCollection<TracedTensor> nodes, IReadOnlyDictionary<TracedTensor, TensorPtr> known, int outputRows,
        Func<TracedTensor, TensorPtr, TensorPtr>? substitute = null)
    {
        var start = _builder.Tape.Count;
        var emitter = new Emitter(_builder, known, node => _owner.Scaling.At(node, outputRows), _rewrites);
        emitter.Emit(nodes, substitute);
        return new Emitted(emitter, start, _builder.Tape.Count - start);
    }

    /// <summary>Emits a layer once more, on the stored results of the layers before it.</summary>
    /// <param name="layer">Which layer.</param>
    /// <param name="first">As it was emitted to be computed forward.</param>
    /// <param name="keep">Results of that to use instead of computing them again.</param>
    private Emitted Recompute(int layer, Emitted first, IReadOnlySet<TensorPtr> keep)
    {
        var known = _values.Where(pair => pair.Key.IsInput || pair.Key.IsWeight).ToDictionary();
        foreach (var input in _parts.Inputs(layer))
            known[input] = _values[input];
        var kept = new Dictionary<TensorPtr, TensorPtr>();
        var emitted = Emit(_parts.Layers[layer], known, _outputRows, (node, again) =>
        {
            var value = first.Emitter[node];
            return keep.Contains(value) && kept.TryAdd(value, again) ? value : again;
        }) with { Kept = kept };
        _recomputed.UnionWith(_builder.Tape.Skip(emitted.Start));
        return emitted;
    }

    /// <summary>Emits the head for some rows of the body's output, and their loss.</summary>
    private EmittedHead EmitHead(int first, int count)
    {
        var output = _values[_parts.BodyOutput];
        var input = count == _outputRows ? output : _builder.Part(output, output.Shape with { Ne1 = count }, first * output.Ne(0));
        var head = Emit(
            (IReadOnlyCollection<TracedTensor>)_parts.Head, new Dictionary<TracedTensor, TensorPtr>(_values) { [_parts.BodyOutput] = input }, count);
        var logits = head.Emitter[_owner.Logits];

        var targets = _builder.Part(_owner.Head.Targets, new Shape(count), first);
        var weights = _builder.Part(_owner.Head.Weights, new Shape(count), first);
        // What the gradient of a product needs are its arguments: the result may be overwritten.
        var loss = _owner.Target.EmitLoss(_builder, logits, targets, weights, mayOverwrite: IsCostly(logits));
        _losses.Add(loss);
        foreach (var result in loss.Outputs)
            _graph.Schedule(result);
        return new EmittedHead(head, first, input, logits, loss.Gradient);
    }

    /// <summary>The way back from a chunk's loss to the result of the body.</summary>
    private void AddBackward(EmittedHead head)
    {
        var output = _parts.BodyOutput;
        var pass = CreatePass(_parts.Varies(output) ? [head.Input] : [], head.Nodes);
        if (!pass.Needs(head.Logits))
            throw new NotSupportedException("The loss does not depend on anything that is trained.");
        pass.Add(head.Logits, head.Gradient);
        pass.Run(head.Nodes.Start, head.Nodes.Count);
        CollectParameters(pass);
        if (pass.Gradient(head.Input) is not { IsNull: false } gradient)
            return;
        if (head.Input != _values[output])
        {
            var sum = _gradients.TryGetValue(output, out var others) ? others : _builder.Zeros(_values[output].Shape);
            var row = gradient.Nb(1);
            gradient = _builder.Accumulate(sum, gradient, row, row * gradient.Ne(1), row * gradient.Ne(1), head.First * row);
        }
        _gradients[output] = gradient;
        _graph.Schedule(gradient);
    }

    private void AddBackward(int layer, Emitted emitted)
    {
        var inputs = _parts.Inputs(layer);
        var pass = CreatePass(inputs.Where(_parts.Varies).Select(input => _values[input]), emitted);
        foreach (var node in _parts.Layers[layer])
            if (_gradients.Remove(node, out var gradient))
                pass.Add(emitted.Emitter[node], gradient);
        pass.Run(emitted.Start, emitted.Count);
        CollectParameters(pass);
        foreach (var input in inputs)
            if (pass.Gradient(_values[input]) is { IsNull: false } gradient)
            {
                // Of what varies, one tensor passes a cut, to the next layer alone.
                _gradients.Add(input, gradient);
                _graph.Schedule(gradient);
            }
    }

    private BackwardPass CreatePass(IEnumerable<TensorPtr> variables, Emitted emitted)
    {
        var pass = new BackwardPass(_builder, _graph.Schedule, _owner.Target.Rules);
        foreach (var (value, gradient) in _owner.Target.Variables)
            pass.AddVariable(value, gradient);
        foreach (var variable in variables)
            pass.AddVariable(variable);
        foreach (var (value, operation) in emitted.Kept)
            pass.AddValue(value, operation);
        pass.Follow(emitted.Start, emitted.Count);
        return pass;
    }

    private void CollectParameters(BackwardPass pass)
    {
        foreach (var (value, sum) in _owner.Target.Variables)
            if (pass.Gradient(value) is { IsNull: false } gradient)
                _graph.Schedule(_builder.AddInPlace(sum, gradient));
    }
}
