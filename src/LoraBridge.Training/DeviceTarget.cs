using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;
using LoraBridge.Training.Kernels.Device;
using LoraBridge.Training.Rewrites;

namespace LoraBridge.Training;

/// <summary>
/// Devices: ggml's operations on weights where they lie. What is trained lies on the first of them, as do the sums of its gradients and what the optimiser
/// needs, so that over an update nothing passes between devices and the host but rows, losses, the length of the gradients, and what no device can
/// compute.
/// </summary>
internal sealed class DeviceTarget : TrainingTarget
{
    private readonly DeviceEngine _engine;
    private readonly TracedGraph _graph;
    private readonly TrainingGraphShape _shape;
    private readonly GraphBuilder _host = new(4);
    private readonly GraphBuilder _constants = new(4);
    private readonly TensorPtr _anchor;
    private readonly List<BufferHandle> _memory = [];
    private readonly List<(TensorPtr Value, TensorPtr Gradient)> _variables = [];
    private readonly List<DeviceAdamW> _optimizers = [];
    private readonly DeviceProducts _products;
    private readonly DeviceSoftMax _softMax;
    private readonly KeptWeights? _kept;
    private readonly IReadOnlySet<TensorPtr> _multipliedAsBF16;
    private IReadOnlyList<TrainableTensor> _parameters = [];
    private IReadOnlyList<HostOperations> _onHost = [];
    private HeadInputs? _head;
    private GraphBuilder? _leaves;
    private ParameterLayout? _layout;
    private Mirror? _values;
    private Mirror? _gradients;

    public DeviceTarget(DeviceEngine engine, TracedGraph graph, TrainingGraphShape shape)
    {
        (_engine, _graph, _shape) = (engine, graph, shape);
        // Rows of the largest weight, and rows for each pair of a token and an expert.
        var most = (int)Math.Max(graph.Leaves.Where(leaf => leaf.IsWeight).Max(leaf => leaf.Shape.Rows), MostChoices(graph));
        var indices = _constants.Leaf(GgmlType.I32, new Shape(most), "indices");
        _memory.Add(engine.AllocateOnDevice(_constants));
        indices.Set<int>(Enumerable.Range(0, most).ToArray());
        _anchor = _host.Leaf(GgmlType.F32, new Shape(1), "anchor");
        _memory.Add(engine.Allocate(_host));
        var isExact = shape.Precision == TrainingPrecision.Exact;
        var frozen = FrozenMatrices(engine);
        var keeps = shape.KeepsCopies && !isExact && frozen.Count > 0;
        var forward = new ForwardProducts(engine, new DeviceProducts(indices, GgmlType.BF16), keeps && engine.MultipliesOuter);
        _multipliedAsBF16 = isExact ? new HashSet<TensorPtr>() : forward.AsBF16(frozen, graph.Tokens, shape.TypesAsBF16);
        // A copy serves one direction. Back there is another way without one, where sums over rows are fast.
        if (keeps)
            _kept = new KeptWeights(engine, frozen, isTransposed: weight => !engine.MultipliesOuter || !_multipliedAsBF16.Contains(weight));
        _products = new DeviceProducts(indices, isExact ? GgmlType.F32 : GgmlType.BF16, _kept, engine.MultipliesOuter);
        _softMax = new DeviceSoftMax(engine.Supports);
        Rules = new DeviceRules(_products, engine.Supports, leaf => leaf == _head?.Rows);
    }

    public override IGradientRules Rules { get; }

    public override IReadOnlyList<(TensorPtr Value, TensorPtr Gradient)> Variables => _variables;

    public override IReadOnlyList<HostOperations> OnHost => _onHost;

    public override long HostBytes => 0;

    public override long DeviceBytes => (_kept?.Bytes ?? 0) + (_values?.Device.Bytes ?? 0) + (_gradients?.Device.Bytes ?? 0)
        + _memory.Sum(memory => (long)Ggml.ggml_backend_buffer_get_size(memory.Pointer)) + _optimizers.Sum(optimizer => optimizer.DeviceBytes);

    public override void Prepare(IReadOnlyList<TrainableTensor> parameters, HeadInputs head)
    {
        (_parameters, _head) = (parameters, head);
        _layout = new ParameterLayout(parameters);
        _values = Copy(parameter => parameter.Value, "values");
        _gradients = Copy(parameter => parameter.Gradient, "gradients");
        _leaves = new GraphBuilder(2 * parameters.Count);
        foreach (var (index, parameter) in parameters.Index())
        {
            (parameter.ValuesOnDevice, parameter.GradientsOnDevice) = (_values, _gradients);
            _variables.Add((
                _values.Device.Leaf(_leaves, index, parameter.Shape, parameter.Name),
                _gradients.Device.Leaf(_leaves, index, parameter.Shape, parameter.Gradient.Name)));
        }

        Mirror Copy(Func<TrainableTensor, TensorPtr> host, string name) =>
            new([.. parameters.Select(host)], new ParameterMemory(_engine.AllocateOnDevice, _layout, name));
    }

    /// <summary>That on the device, where it can compute that; else the host's, which changes the parameters there.</summary>
    public override Optimizer CreateOptimizer(AdamWOptions options)
    {
        var optimizer = new DeviceAdamW(_parameters, options, _engine.OpenAlone(), _layout!, _values!, _gradients!);
        if (optimizer.IsSupported())
        {
            _optimizers.Add(optimizer);
            return optimizer;
        }
        optimizer.Dispose();
        _onHost = [new HostOperations("OPT_STEP_ADAMW", _parameters.Count, $"{_engine.Names[0]} cannot compute it")];
        return new AdamW(_parameters, options);
    }

    public override IReadOnlyList<Rewrite> Rewrites(IReadOnlyList<TracedTensor> trainable) => _shape.Precision == TrainingPrecision.Exact
        ?
        [
            new DeviceAttentionRewrite(_products, _softMax, supports: null).TryEmit, new ScaledProductRewrite().TryEmit,
            new ExactProductRewrite(_products).TryEmit,
        ]
        :
        [
            new DeviceAttentionRewrite(_products, _softMax, _engine.Supports).TryEmit, new ScaledProductRewrite().TryEmit,
            new BF16ProductRewrite(_products, _multipliedAsBF16).TryEmit,
        ];

    /// <summary>The host makes the random numbers, those that it would train with itself; the device multiplies by them.</summary>
    public override TensorPtr Drop(GraphBuilder builder, RowNoise noise, ulong stream, TensorPtr x) =>
        builder.Mul(x, builder.Custom(new DropoutMask(noise, stream), x.Shape, _anchor));

    public override HeadLoss EmitLoss(GraphBuilder builder, TensorPtr logits, TensorPtr targets, TensorPtr weights, bool mayOverwrite)
    {
        var (loss, gradient) = DeviceCrossEntropy.Emit(builder, logits, targets, weights);
        Ggml.ggml_set_output(loss);
        return new HeadLoss([loss, gradient], gradient, () => loss.ToArray<float>()[0]);
    }

    public override void ClearGradients() => _gradients!.Clear();

    public override void Begin(bool backward)
    {
        _kept?.Fill(_products);
        _values!.ReadOnDevice();
        if (backward)
            _gradients!.EditOnDevice();
    }

    public override void Dispose()
    {
        foreach (var optimizer in _optimizers)
            optimizer.Dispose();
        _kept?.Dispose();
        _values?.Device.Dispose();
        _gradients?.Device.Dispose();
        foreach (var memory in _memory)
            memory.Dispose();
        _leaves?.Dispose();
        _constants.Dispose();
        _host.Dispose();
    }

    /// <summary>Weights on the device that are multiplied with, but for the adapter's.</summary>
    private List<TensorPtr> FrozenMatrices(DeviceEngine engine) =>
    [
        .. _graph.Nodes.Where(node => node.Op is GgmlOp.MulMat or GgmlOp.MulMatId).Select(node => node.Sources[0]!)
            .Where(weight => weight.IsWeight).Select(weight => weight.Weight).Distinct().Where(engine.Weights.Contains),
    ];

    private static long MostChoices(TracedGraph graph) =>
        graph.Nodes.Where(node => node.Op == GgmlOp.MulMatId).Select(node => node.Sources[2]!.Shape.Count).DefaultIfEmpty(1).Max();
}
