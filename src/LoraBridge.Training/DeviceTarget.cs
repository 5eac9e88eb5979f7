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
/// Devices: ggml's operations on weights where they lie. What is trained belongs to the host, where the optimiser changes it; the devices have a copy
/// of it, renewed for each update, and sum up gradients, so that within an update nothing passes between them and the host but rows, losses, and what no
/// device can compute.
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
    private readonly DeviceProducts _products;
    private readonly DeviceSoftMax _softMax;
    private readonly TransposedWeights? _transposed;
    private IReadOnlyList<TrainableTensor> _parameters = [];
    private GraphBuilder? _values;
    private GraphBuilder? _gradients;
    private BufferHandle? _gradientMemory;

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
        if (shape.KeepsTransposed && !isExact && FrozenMatrices(engine) is { Count: > 0 } frozen)
            _transposed = new TransposedWeights(engine, frozen);
        _products = new DeviceProducts(indices, isExact ? GgmlType.F32 : GgmlType.BF16, _transposed);
        _softMax = new DeviceSoftMax(engine.Supports);
        Rules = new DeviceRules(_products, engine.Supports);
    }

    public override IGradientRules Rules { get; }

    public override IReadOnlyList<(TensorPtr Value, TensorPtr Gradient)> Variables => _variables;

    public override long HostBytes => 0;

    public override long DeviceBytes =>
        (_transposed?.Bytes ?? 0) + _memory.Append(_gradientMemory).OfType<BufferHandle>().Sum(memory => (long)Ggml.ggml_backend_buffer_get_size(memory.Pointer));

    public override void Prepare(IReadOnlyList<TrainableTensor> parameters)
    {
        _parameters = parameters;
        _values = new GraphBuilder(parameters.Count);
        _gradients = new GraphBuilder(parameters.Count);
        foreach (var parameter in parameters)
            _variables.Add((
                _values.Leaf(GgmlType.F32, parameter.Shape, parameter.Name), _gradients.Leaf(GgmlType.F32, parameter.Shape, parameter.Gradient.Name)));
        if (parameters.Count == 0)
            return;
        _memory.Add(_engine.AllocateOnDevice(_values));
        _gradientMemory = _engine.AllocateOnDevice(_gradients);
    }

    public override IReadOnlyList<IRewrite> Rewrites(IReadOnlyList<TracedTensor> trainable) => _shape.Precision == TrainingPrecision.Exact
        ? [new DeviceAttentionRewrite(_softMax), new ExactProductRewrite(_products)]
        : [new DeviceAttentionRewrite(_softMax)];

    /// <summary>The host makes the random numbers, those that it would train with itself; the device multiplies by them.</summary>
    public override TensorPtr Drop(GraphBuilder builder, RowNoise noise, ulong stream, TensorPtr x) =>
        builder.Mul(x, builder.Custom(new DropoutMask(noise, stream), x.Shape, _anchor));

    public override HeadLoss EmitLoss(GraphBuilder builder, TensorPtr logits, TensorPtr targets, TensorPtr weights, bool mayOverwrite)
    {
        var (loss, gradient) = DeviceCrossEntropy.Emit(builder, logits, targets, weights);
        Ggml.ggml_set_output(loss);
        return new HeadLoss([loss, gradient], gradient, () => loss.ToArray<float>()[0]);
    }

    public override void ClearGradients()
    {
        if (_gradientMemory is not null)
            Ggml.ggml_backend_buffer_clear(_gradientMemory.Pointer, 0);
    }

    public override void Begin()
    {
        _transposed?.Fill(_products);
        foreach (var (parameter, variable) in _parameters.Zip(_variables))
            variable.Value.Set<float>(parameter.Values);
    }

    public override void Collect()
    {
        foreach (var (parameter, variable) in _parameters.Zip(_variables))
            variable.Gradient.Get(parameter.Gradients);
    }

    public override void Dispose()
    {
        _transposed?.Dispose();
        _gradientMemory?.Dispose();
        foreach (var memory in _memory)
            memory.Dispose();
        _gradients?.Dispose();
        _values?.Dispose();
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
