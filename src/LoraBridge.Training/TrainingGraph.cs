using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Rewrites;

namespace LoraBridge.Training;

/// <summary>
/// Computes the loss of a row and adds its gradients to those of the trainable tensors: one ggml graph of forward, loss and
/// backward, built once for each number of head chunks and reused.
/// </summary>
internal sealed class TrainingGraph : IDisposable
{
    private readonly TracedGraph _graph;
    private readonly ComputeEngine _engine;
    private readonly TrainingTarget _target;
    private readonly GraphBuilder _leaves;
    private readonly BufferHandle _leafMemory;
    private readonly GraphAllocatorHandle _allocator;
    private readonly RowInputs _inputs;
    private readonly List<HeadChunk> _chunks = [];
    private readonly Dictionary<(int Chunks, bool Backward), TrainingStepGraph> _steps = [];
    private TrainingStepGraph? _current;

    /// <param name="graph">What llama.cpp computes for a row, with adapter branches if there is an adapter, and without state
    /// (<see cref="StateElimination"/>).</param>
    /// <param name="isTrainable">Which leaves of it training changes; they must be F32 in host memory.</param>
    /// <param name="engine">Where to compute.</param>
    /// <param name="shape">Whether layers are computed again in the backward pass instead of kept, and how precisely.</param>
    /// <exception cref="NotSupportedException">An operation on the way from a trainable tensor to the loss has no gradient rule.</exception>
    public TrainingGraph(TracedGraph graph, Func<TracedTensor, bool> isTrainable, ComputeEngine engine, TrainingGraphShape shape)
    {
        _graph = graph;
        _engine = engine;
        // Inputs, a gradient for what is trained, and the inputs of the head.
        var most = (graph.Tokens + ChunkRows - 1) / ChunkRows;
        _leaves = new GraphBuilder(64 + 2 * _graph.Leaves.Count + HeadChunk.Tensors * most);
        _target = TrainingTarget.For(engine, graph, shape);
        _inputs = new RowInputs(_graph, _leaves, _target.MasksTakenAsIntervals);
        Parts = new GraphParts(_graph, _inputs.OutputRows, isTrainable);
        Noise = shape.Noise;
        MeasuredNodes = _target.Rewrites(Parts.Trainable);
        TrainedNodes = [.. NoiseRewrites(), .. MeasuredNodes];
        foreach (var leaf in Parts.Trainable)
        {
            if (leaf.Type != GgmlType.F32)
                throw new NotSupportedException($"{leaf.Name} is {leaf.Type}; only F32 tensors can be trained.");
            var gradient = _leaves.Leaf(GgmlType.F32, leaf.Shape, $"{leaf.Name}.grad");
            Parameters.Add(new TrainableTensor(leaf.Name, leaf.Weight, gradient));
        }

        for (var i = 0; i < most; i++)
            _chunks.Add(new HeadChunk(_leaves, ChunkRows, i));
        _leafMemory = engine.Allocate(_leaves);
        _target.Prepare(Parameters);
        _allocator = engine.CreateAllocator();
        // Built now, so that an operation without a rule is reported before anything is trained; memory is taken when it is used.
        KeptLayers = shape.Recompute switch
        {
            true => 0,
            false => Parts.Layers.Count,
            null => MostLayersWithin(shape.KeepBudget),
        };
        Build(1, backward: true);
    }

    public GraphParts Parts { get; }

    /// <summary>How nodes are emitted where gradients are wanted: with noise, if there is any.</summary>
    public IReadOnlyList<IRewrite> TrainedNodes { get; }

    /// <summary>What is random in rows that are trained on; null when nothing is.</summary>
    public RowNoise? Noise { get; }

    /// <summary>How nodes are emitted where losses are measured: without noise, and otherwise as in training.</summary>
    public IReadOnlyList<IRewrite> MeasuredNodes { get; }

    /// <summary>
    /// How many layers, from the last on, keep their intermediate results for the backward pass. The others are computed again there, but for those at
    /// the beginning that nothing trained comes into.
    /// </summary>
    public int KeptLayers { get; }

    /// <summary>Whether layers are computed again in the backward pass instead of kept.</summary>
    public bool Recomputes => KeptLayers < Parts.Layers.Count - Parts.FrozenLayers;

    /// <summary>What is trained, in the order of first use in the model.</summary>
    public List<TrainableTensor> Parameters { get; } = [];

    /// <summary>What depends on where the graph is computed.</summary>
    public TrainingTarget Target => _target;

    /// <summary>Tokens of a row.</summary>
    public int Tokens => _graph.Tokens;

    /// <summary>Tokens that go through the head at a time.</summary>
    public int ChunkRows => _graph.OutputRows;

    /// <summary>Whether a row must hold one sequence only.</summary>
    public bool OneSequencePerRow => _graph.CarriesState || _inputs.OneSequencePerRow;

    /// <summary>Bytes of the intermediate results of the longest row, of inputs, and of copies of weights.</summary>
    public long WorkingMemory => LargestWork().Host + (long)Ggml.ggml_backend_buffer_get_size(_leafMemory.Pointer) + _target.HostBytes;

    /// <summary>Bytes on devices of the intermediate results of the longest row, and of copies of what is trained; what of the latter is taken already too.</summary>
    public long DeviceMemory => LargestWork().Devices + _target.DeviceBytes;

    /// <summary>What devices left to the CPU of the row that was trained on last; empty before, and where there is no device.</summary>
    public IReadOnlyList<HostOperations> OnHost { get; private set; } = [];

    public void ClearGradients()
    {
        foreach (var parameter in Parameters)
            parameter.Gradients.Clear();
        _target.ClearGradients();
    }

    /// <summary>Adds the gradients of Σ weight · loss over the targets of a row.</summary>
    /// <returns>Σ weight · loss, in nats.</returns>
    public double Accumulate(
        ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, ReadOnlySpan<int> sequences, ReadOnlySpan<LossTarget> targets) =>
        Compute(tokens, positions, sequences, targets, backward: true);

    /// <summary>Σ weight · loss over the targets of a row, in nats, without gradients.</summary>
    public double Evaluate(
        ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, ReadOnlySpan<int> sequences, ReadOnlySpan<LossTarget> targets) =>
        Compute(tokens, positions, sequences, targets, backward: false);

    /// <summary>Computes the row of the last computation once more, and says how long each operation takes; gradients are added again.</summary>
    /// <exception cref="InvalidOperationException">No row has been computed.</exception>
    public IEnumerable<(TrainingPhase Phase, OperationTime Time)> Profile() =>
        (_current ?? throw new InvalidOperationException("No row has been computed.")).Profile();

    private double Compute(
        ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, ReadOnlySpan<int> sequences, ReadOnlySpan<LossTarget> targets, bool backward)
    {
        if (targets.IsEmpty)
            return 0;
        _inputs.Fill(tokens, positions, sequences);
        var count = _inputs.OutputRows is null ? 1 : (targets.Length + ChunkRows - 1) / ChunkRows;
        for (var i = 0; i < count; i++)
        {
            if (_inputs.OutputRows is null)
                _chunks[i].FillAll(targets);
            else
                _chunks[i].Fill(targets.Slice(i * ChunkRows, Math.Min(ChunkRows, targets.Length - i * ChunkRows)));
        }
        var step = Use(count, backward);
        _target.Begin();
        step.Compute();
        if (backward)
            _target.Collect();
        return step.Loss;
    }

    public void Dispose()
    {
        foreach (var step in _steps.Values)
            step.Dispose();
        _allocator.Dispose();
        _target.Dispose();
        _leafMemory.Dispose();
        _leaves.Dispose();
    }

    private IEnumerable<IRewrite> NoiseRewrites()
    {
        if (Noise is { EmbeddingNoise: > 0 })
            yield return new EmbeddingNoiseRewrite(Noise);
        if (Noise is { Dropout: > 0 })
            yield return new DropoutRewrite((builder, stream, x) => _target.Drop(builder, Noise, stream, x), Parts.Trainable);
    }

    /// <summary>A row in which all tokens count goes through the head in the most chunks.</summary>
    private ResultMemory LargestWork(int? kept = null)
    {
        using var step = Create(_chunks, backward: true, kept ?? KeptLayers);
        using var unused = _engine.CreateAllocator();
        return step.Measure(unused);
    }

    /// <summary>The most layers that can keep their results in so many bytes, all results of a row together.</summary>
    private int MostLayersWithin(long budget)
    {
        var (fits, all) = (0, Parts.Layers.Count - Parts.FrozenLayers);
        if (Work(all) <= budget)
            return Parts.Layers.Count;
        for (var tooMany = all; tooMany - fits > 1;)
        {
            var middle = (fits + tooMany) / 2;
            if (Work(middle) <= budget)
                fits = middle;
            else
                tooMany = middle;
        }
        return fits;

        long Work(int kept) => LargestWork(kept) is var work && _engine is DeviceEngine ? work.Devices : work.Host;
    }

    private TrainingStepGraph Create(IReadOnlyList<HeadChunk> chunks, bool backward, int kept) => GraphCapacityException.Retry(
        TrainingStepGraph.CapacityFor(Parts, _graph, chunks.Count),
        capacity => new TrainingStepGraph(this, _graph, _inputs, chunks, _engine, backward, kept, capacity));

    private TrainingStepGraph Use(int chunks, bool backward)
    {
        var step = Build(chunks, backward);
        if (_current == step)
            return step;
        if (step.Allocate(_allocator))
        {
            // The memory has been replaced by more of it, and the others still point to where it was.
            foreach (var (key, other) in _steps.Where(entry => entry.Value != step).ToList())
            {
                other.Dispose();
                _steps.Remove(key);
            }
        }
        if (backward && OnHost.Count == 0 && _engine is DeviceEngine device)
            OnHost = step.OnHost(device);
        return _current = step;
    }

    private TrainingStepGraph Build(int chunks, bool backward)
    {
        if (!_steps.TryGetValue((chunks, backward), out var step))
            _steps[(chunks, backward)] = step = Create(_chunks[..chunks], backward, KeptLayers);
        return step;
    }
}
