using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Cross entropy of logits with sparse targets, and its gradient in one pass: for each row t with target y and weight w,
/// loss = -log softmax(logits)[y], dlogits = w (softmax(logits) - onehot(y)). Sources: logits [V, T], targets [T] (I32),
/// weights [T]. The result is dlogits [V, T], which may lie where the logits do; the unweighted losses are left in <see cref="Losses"/>. Rows of weight 0 are skipped.
/// </summary>
internal sealed class CrossEntropy(int rows) : ITensorKernel
{
    /// <summary>Losses of the last computation in nats, by row; 0 where the weight is 0.</summary>
    public float[] Losses { get; } = new float[rows];

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var targets = result.Source(1).HostSpan<int>(0, rows);
        var weights = result.Source(2).HostSpan<float>(0, rows);
        foreach (int t in work.Items(rows))
        {
            var gradient = result.Row(t);
            Losses[t] = 0;
            if (weights[t] == 0)
            {
                gradient.Clear();
                continue;
            }

            var logits = result.Source(0).Row(t);
            var target = logits[targets[t]];
            var largest = TensorPrimitives.Max<float>(logits);
            TensorPrimitives.Subtract(logits, largest, gradient);
            TensorPrimitives.Exp(gradient, gradient);
            var sum = TensorPrimitives.Sum<float>(gradient);
            Losses[t] = MathF.Log(sum) + largest - target;
            TensorPrimitives.Multiply(gradient, weights[t] / sum, gradient);
            gradient[targets[t]] -= weights[t];
        }
    }
}
