using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>
/// Cross entropy with sparse targets as ggml's operations: logits [V, R], targets [R], weights [R]. With p = softmax(logits), seen as R matrices of V
/// rows of one element, GET_ROWS picks p of each target: loss = -Σ w log p[target], dlogits = w ∘ (p - onehot(target)), where SET_ROWS writes the
/// targets' elements.
/// </summary>
internal static class DeviceCrossEntropy
{
    /// <summary>The least p whose logarithm is taken: a loss of 85.</summary>
    private const float Smallest = 1e-37f;

    /// <returns>The loss, a number, and its gradient with respect to the logits.</returns>
    public static (TensorPtr Loss, TensorPtr Gradient) Emit(GraphBuilder builder, TensorPtr logits, TensorPtr targets, TensorPtr weights)
    {
        var (width, rows) = (logits.Ne(0), logits.Ne(1));
        var single = new Shape(1, width, rows);
        var indices = builder.Reshape(targets, new Shape(1, rows));
        var p = builder.SoftMax(logits, default, scale: 1, maxBias: 0);
        var picked = builder.Reshape(builder.GetRows(builder.Reshape(p, single), indices), new Shape(rows));
        // Devices clamp what is not a number to one of the bounds. A loss that diverged must show: 0 p is not a number either.
        var logarithms = builder.Add(
            builder.Record(Ggml.ggml_log(builder.Context, builder.Clamp(picked, Smallest, 1))), builder.Scale(picked, 0));
        var sum = builder.Record(Ggml.ggml_sum(builder.Context, builder.Mul(logarithms, weights)));
        var loss = builder.Scale(sum, -1);

        var gradient = builder.Reshape(builder.Mul(p, builder.Reshape(weights, new Shape(1, rows))), single);
        var ofTargets = builder.Reshape(builder.Mul(builder.ScaleBias(picked, 1, -1), weights), new Shape(1, 1, rows));
        var placed = builder.Record(Ggml.ggml_set_rows(builder.Context, gradient, ofTargets, indices));
        return (loss, builder.Reshape(placed, logits.Shape));
    }
}
