using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Rewrites;

namespace LoraBridge.Training;

/// <summary>
/// Computes the loss of a row and adds its gradients to those of the trainable tensors: one ggml graph of forward, loss and
/// backward, built once for each number of tokens that get logits, in steps of 64, and reused.
/// </summary>
internal sealed class TrainingGraph : IDisposable
{
    /// <summary>The tokens that get logits are a multiple of this: a handful of graphs for rows of common lengths.</summary>
    private const int RowMultiple = 64;

    /// <summary>Lengths of rows that have graphs of their own, where a row is one sequence, and what they are multiples of.</summary>
    private const int Lengths = 4, LengthMultiple = 32;

    private readonly TracedGraph _graph;
    private readonly ComputeEngine _engine;
    private readonly TrainingTarget _target;
    private readonly GraphBuilder _leaves;
    private readonly BufferHandle _leafMemory;
    private readonly RowInputs _inputs;
    private readonly StepMemory _memory;
    private readonly TrainingGraph? _longest;
    private readonly Dictionary<int, TrainingGraph> _shorter = [];
    private readonly HashSet<TensorPtr> _weights;
    private IReadOnlyList<HostOperations>? _onHost;

    /// <param name="graph">What llama.cpp computes for a row, with adapter branches if there is an adapter, and without state
    /// (<see cref="StateElimination"/>).</param>
    /// <param name="isTrainable">Which leaves of it training changes; they must be F32 in host memory.</param>
    /// <param name="engine">Where to compute.</param>
    /// <param name="shape">Whether layers are computed again in the backward pass instead of kept, and how precisely.</param>
    /// <param name="longest">A graph for longer rows, which this one shares memory and gradients with; null for one by itself.</param>
    /// <exception cref="NotSupportedException">An operation on the way from a trainable tensor to the loss has no gradient rule.</exception>
    public TrainingGraph(
        TracedGraph graph, Func<TracedTensor, bool> isTrainable, ComputeEngine engine, TrainingGraphShape shape, TrainingGraph? longest = null)
    {
        (_graph, _engine, _longest) = (graph, engine, longest);
        _weights = [.. graph.Leaves.Where(leaf => leaf.IsWeight).Select(leaf => leaf.Weight)];
        _memory = longest?._memory ?? new StepMemory(engine);
        // Inputs, a gradient for what is trained, and the inputs of the head.
        _leaves = new GraphBuilder(64 + 2 * _graph.Leaves.Count + HeadInputs.Tensors);
        _target = TrainingTarget.For(engine, graph, shape, longest?._target);
        _inputs = new RowInputs(_graph, _leaves, _target.MasksTakenAsIntervals);
        Scaling = new RowScaling(_graph);
        Parts = new GraphParts(_graph, _inputs.OutputRows, isTrainable);
        Noise = shape.Noise;
        MeasuredNodes = _target.Rewrites(Parts.Trainable);
        TrainedNodes = [.. NoiseRewrites(), .. MeasuredNodes];
        foreach (var leaf in Parts.Trainable)
        {
            if (leaf.Type != GgmlType.F32)
                throw new NotSupportedException($"{leaf.Name} is {leaf.Type}; only F32 tensors can be trained.");
            Parameters.Add(
                longest?.Parameters.Single(parameter => parameter.Name == leaf.Name)
                ?? new TrainableTensor(leaf.Name, leaf.Weight, _leaves.Leaf(GgmlType.F32, leaf.Shape, $"{leaf.Name}.grad")));
        }

        Head = new HeadInputs(_leaves, Tokens);
        _leafMemory = engine.Allocate(_leaves);
        _target.Prepare(Parameters, Head);
        // Built now, so that an operation without a rule is reported before anything is trained; memory is taken when it is used.
        Plan = shape.Recompute switch
        {
            true => Keeping(0, 0),
            false => Keeping(Gradients, 0),
            null => FastestWithin(shape.KeepBudget),
        };
        _memory.Get(this, RowsFor(1), backward: true);
    }

    public GraphParts Parts { get; }

    /// <summary>The nodes behind the selection of the tokens that get logits, for another number of these than was recorded.</summary>
    public RowScaling Scaling { get; }

    public HeadInputs Head { get; }

    /// <summary>What depends on where the graph is computed.</summary>
    public TrainingTarget Target => _target;

    /// <summary>Whether a leaf is a weight of the model, or of the adapter as it was recorded.</summary>
    public bool IsWeight(TensorPtr leaf) => _weights.Contains(leaf);

    /// <summary>The recorded logits.</summary>
    public TracedTensor Logits => _graph.Output;

    /// <summary>How nodes are emitted where gradients are wanted: with noise, if there is any.</summary>
    public IReadOnlyList<Rewrite> TrainedNodes { get; }

    /// <summary>What is random in rows that are trained on; null when nothing is.</summary>
    public RowNoise? Noise { get; }

    /// <summary>How nodes are emitted where losses are measured: without noise, and otherwise as in training.</summary>
    public IReadOnlyList<Rewrite> MeasuredNodes { get; }

    /// <summary>What layers keep for the backward pass: the last ones all they can, those before them what is costly, those before these nothing.</summary>
    public LayerPlan Plan { get; }

    /// <summary>What is trained, in the order of first use in the model.</summary>
    public List<TrainableTensor> Parameters { get; } = [];

    /// <summary>Tokens of a row.</summary>
    public int Tokens => _graph.Tokens;

    /// <summary>Tokens that go through the head at a time, at most.</summary>
    public int ChunkRows => _graph.OutputRows;

    /// <summary>Whether a row must hold one sequence only.</summary>
    public bool OneSequencePerRow => _graph.CarriesState || _inputs.OneSequencePerRow;

    /// <summary>Makes graphs for rows of fewer tokens, which share memory and gradients with this one; null where all rows have one length.</summary>
    public Func<TrainingGraph, int, TrainingGraph>? Shorten { get; init; }

    /// <summary>The graph for a row of so many tokens: one of a handful of lengths, where there are such graphs.</summary>
    public TrainingGraph For(int tokens)
    {
        var part = (Tokens / Lengths + LengthMultiple - 1) / LengthMultiple * LengthMultiple;
        var length = (tokens + part - 1) / part * part;
        if (Shorten is null || length >= Tokens)
            return this;
        if (!_shorter.TryGetValue(length, out var shorter))
            _shorter[length] = shorter = Shorten(this, length);
        return shorter;
    }

    /// <summary>Bytes of the intermediate results of the longest row, of inputs, and of copies of weights.</summary>
    public long WorkingMemory => LargestWork(Plan).Host + (long)Ggml.ggml_backend_buffer_get_size(_leafMemory.Pointer) + _target.HostBytes;

    /// <summary>Bytes on devices of the intermediate results of the longest row, and of copies of what is trained.</summary>
    public long DeviceMemory => LargestWork(Plan).Devices + _target.DeviceBytes;

    /// <summary>What devices left to the CPU of the first row that was trained on, and of updates; empty before, and where there is no device.</summary>
    public IReadOnlyList<HostOperations> OnHost => _onHost is null ? [] : [.. _onHost, .. _target.OnHost];

    /// <summary>Makes the optimiser of the parameters, where they are; to be used while this graph is.</summary>
    public Optimizer CreateOptimizer(AdamWOptions options) => _target.CreateOptimizer(options);

    public void ClearGradients() => _target.ClearGradients();

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
    public IEnumerable<(TrainingPhase Phase, OperationTime Time)> Profile()
    {
        var step = _memory.Current ?? throw new InvalidOperationException("No row has been computed.");
        _target.Begin(backward: true);
        return step.Profile();
    }

    private double Compute(
        ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, ReadOnlySpan<int> sequences, ReadOnlySpan<LossTarget> targets, bool backward)
    {
        if (targets.IsEmpty)
            return 0;
        _inputs.Fill(tokens, positions, sequences);
        if (_inputs.OutputRows is null)
            Head.FillAll(targets);
        else
            Head.Fill(targets);
        _target.Begin(backward);
        var step = _memory.Use(this, RowsFor(targets.Length), backward);
        if (backward && _onHost is null && _engine is DeviceEngine device)
            _onHost = step.OnHost(device);
        step.Compute();
        return step.Loss;
    }

    public void Dispose()
    {
        foreach (var shorter in _shorter.Values)
            shorter.Dispose();
        if (_longest is null)
            _memory.Dispose();
        _target.Dispose();
        _leafMemory.Dispose();
        _leaves.Dispose();
    }

    private IEnumerable<Rewrite> NoiseRewrites()
    {
        if (Noise is { EmbeddingNoise: > 0 })
            yield return new EmbeddingNoiseRewrite(Noise).TryEmit;
        if (Noise is { Dropout: > 0 })
            yield return new DropoutRewrite((builder, stream, x) => _target.Drop(builder, Noise, stream, x), Parts.Trainable).TryEmit;
    }

    /// <summary>How many tokens get logits where so many are wanted: not each number has a graph of its own.</summary>
    private int RowsFor(int targets)
    {
        var multiple = Math.Min(RowMultiple, ChunkRows);
        return _inputs.OutputRows is null ? Tokens : Math.Min((targets + multiple - 1) / multiple * multiple, Tokens);
    }

    /// <summary>Of a row in which all tokens count.</summary>
    private ResultMemory LargestWork(LayerPlan plan)
    {
        using var step = Create(RowsFor(Tokens), backward: true, plan);
        using var unused = _engine.CreateAllocator();
        return step.Measure(unused);
    }

    /// <summary>Layers that gradients pass.</summary>
    private int Gradients => Parts.Layers.Count - Parts.FrozenLayers;

    private LayerPlan Keeping(int kept, int costly) => new(kept, costly, Gradients - kept - costly, Parts.FrozenLayers);

    /// <summary>
    /// The plan with the least work of which all results of a row fit so many bytes: as many layers as can keep what is costly, which saves nearly all of
    /// the work for half of the memory, and if those are all, as many as can keep everything.
    /// </summary>
    private LayerPlan FastestWithin(long budget)
    {
        if (Fits(Keeping(Gradients, 0)))
            return Keeping(Gradients, 0);
        return Fits(Keeping(0, Gradients))
            ? Most(kept => Keeping(kept, Gradients - kept))
            : Most(costly => Keeping(0, costly));

        bool Fits(LayerPlan plan) => (LargestWork(plan) is var work && _engine is DeviceEngine ? work.Devices : work.Host) <= budget;

        // Each plan of the series takes more than the one before; the last does not fit.
        LayerPlan Most(Func<int, LayerPlan> plans)
        {
            var fits = 0;
            for (var tooMany = Gradients; tooMany - fits > 1;)
            {
                var middle = (fits + tooMany) / 2;
                (fits, tooMany) = Fits(plans(middle)) ? (middle, tooMany) : (fits, middle);
            }
            return plans(fits);
        }
    }

    /// <summary>The graph of one row, without memory.</summary>
    public TrainingStepGraph Create(int outputRows, bool backward) => Create(outputRows, backward, Plan);

    private TrainingStepGraph Create(int outputRows, bool backward, LayerPlan plan) => GraphCapacityException.Retry(
        TrainingStepGraph.CapacityFor(Parts, _graph.Leaves.Count, (outputRows + ChunkRows - 1) / ChunkRows),
        capacity => new TrainingStepGraph(this, _inputs, outputRows, _engine, backward, plan, capacity));
}
