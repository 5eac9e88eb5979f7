using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;
using LoraBridge.Training.Rewrites;

namespace LoraBridge.Training;

/// <summary>The CPU: managed and assembled kernels on weights and parameters where they lie.</summary>
/// <param name="graph">What llama.cpp computes for a row.</param>
/// <param name="shape">Precision.</param>
/// <param name="longest">That of a graph for longer rows, which this one shares copies of weights with; null for one by itself.</param>
internal sealed class CpuTarget(TracedGraph graph, TrainingGraphShape shape, CpuTarget? longest) : TrainingTarget
{
    private readonly PanelCache? _cache = shape.CachesTransposed ? longest?._cache ?? new PanelCache() : null;
    private IReadOnlyList<TrainableTensor> _parameters = [];
    private IReadOnlyList<(TensorPtr Value, TensorPtr Gradient)> _variables = [];
    private long _cacheBytes;

    public override IGradientRules? Rules => null;

    public override IReadOnlySet<TracedTensor> MasksTakenAsIntervals { get; } = AttentionRewrite.MasksTakenAsIntervals(graph);

    public override IReadOnlyList<(TensorPtr Value, TensorPtr Gradient)> Variables => _variables;

    public override long HostBytes => _cacheBytes;

    public override long DeviceBytes => 0;

    public override void Prepare(IReadOnlyList<TrainableTensor> parameters, HeadInputs head)
    {
        _parameters = parameters;
        _variables = [.. parameters.Select(parameter => (parameter.Value, parameter.Gradient))];
    }

    public override Optimizer CreateOptimizer(AdamWOptions options) => new AdamW(_parameters, options);

    public override void ClearGradients()
    {
        foreach (var parameter in _parameters)
            parameter.EditGradients().Clear();
    }

    public override IReadOnlyList<Rewrite> Rewrites(IReadOnlyList<TracedTensor> trainable)
    {
        var precision = LinearPrecision.Of(shape.Precision, _cache);
        _cacheBytes = shape.CachesTransposed ? PanelCache.BytesFor(FrozenMatrices(trainable)) : 0;
        return
        [
            new LinearRewrite(graph, trainable, precision).TryEmit,
            ElementwiseRewrite.TryEmit,
            new WeightedNormRewrite(graph, trainable).TryEmit,
            AttentionRewrite.TryEmit,
        ];
    }

    public override TensorPtr Drop(GraphBuilder builder, RowNoise noise, ulong stream, TensorPtr x) =>
        builder.Custom(new Dropout(noise, stream), x.Shape, builder.Contiguous(x));

    public override HeadLoss EmitLoss(GraphBuilder builder, TensorPtr logits, TensorPtr targets, TensorPtr weights, bool mayOverwrite)
    {
        var kernel = new CrossEntropy((int)logits.Ne(1));
        var gradient = mayOverwrite
            ? builder.CustomInPlace(kernel, logits, targets, weights)
            : builder.Custom(kernel, logits.Shape, logits, targets, weights);
        return new HeadLoss([gradient], gradient, () =>
        {
            var sum = 0.0;
            var factors = weights.HostSpan<float>(0, kernel.Losses.Length);
            for (var i = 0; i < factors.Length; i++)
                sum += (double)factors[i] * kernel.Losses[i];
            return sum;
        });
    }

    private IEnumerable<TensorPtr> FrozenMatrices(IReadOnlyList<TracedTensor> trainable) => graph.Nodes.Where(node => node.Op == GgmlOp.MulMat)
        .Select(node => node.Sources[0]!).Distinct().Where(weight => weight.IsWeight && !trainable.Contains(weight)).Select(weight => weight.Weight)
        .Where(weight => weight.Shape.Rows == weight.Ne(1));
}
