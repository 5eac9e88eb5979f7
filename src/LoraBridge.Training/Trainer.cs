using LoraBridge.Training.Batching;

namespace LoraBridge.Training;

/// <summary>The training loop's body: gradients of one step's rows, clipped, into one update of all parameters.</summary>
internal sealed class Trainer(TrainingGraph graph, Optimizer optimizer, LearningRateSchedule schedule, double maximumGradientNorm)
{
    public TrainingGraph Graph => graph;

    public Optimizer Optimizer => optimizer;

    public LearningRateSchedule Schedule => schedule;

    /// <summary>Trains on one step's data.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="cancellationToken">Looked at before each row; nothing has changed when it is obeyed.</param>
    /// <exception cref="TrainingDivergedException">
    /// The loss or a gradient is not a number. If it is the loss, the update before has gone too far, and is taken back.
    /// </exception>
    public StepOutcome Step(TrainingStep data, CancellationToken cancellationToken = default)
    {
        var step = optimizer.Steps;
        graph.ClearGradients();
        var loss = 0.0;
        foreach (var (index, packed) in data.MicroBatches.SelectMany(rows => rows).Index())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var fitting = graph.For(packed.Length);
            var row = TrainingRow.From(packed, fitting.Tokens, data.TokenWeight);
            fitting.Noise?.Begin(step, index, row.Segments);
            loss += fitting.Accumulate(row.Tokens, row.Positions, row.Segments, row.Targets);
        }

        var norm = optimizer.MeasureNorm();
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw new TrainingDivergedException(step, loss, norm, isGood: step > 0 && double.IsFinite(loss) || optimizer.Undo());
        var learningRate = schedule.At(step);
        optimizer.Step(learningRate, GradientNorm.ClippingFactor(norm, maximumGradientNorm));
        return new StepOutcome(step, loss, norm, learningRate, data.TargetCount);
    }

    /// <summary>Mean loss over rows without training on them.</summary>
    public double Evaluate(IEnumerable<PackedRow> rows, CancellationToken cancellationToken = default)
    {
        var (sum, count) = (0.0, 0L);
        foreach (var packed in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var fitting = graph.For(packed.Length);
            var row = TrainingRow.From(packed, fitting.Tokens, tokenWeight: 1);
            sum += fitting.Evaluate(row.Tokens, row.Positions, row.Segments, row.Targets);
            count += packed.TargetCount;
        }
        return count > 0 ? sum / count : double.NaN;
    }
}

/// <summary>What one step did.</summary>
/// <param name="Step">Its number, from 0.</param>
/// <param name="Loss">Mean cross entropy in nats of its predictions, before the update.</param>
/// <param name="GradientNorm">Length of the gradient before clipping.</param>
/// <param name="LearningRate">The rate of its update.</param>
/// <param name="Tokens">Predictions that counted.</param>
internal readonly record struct StepOutcome(int Step, double Loss, double GradientNorm, float LearningRate, int Tokens);
