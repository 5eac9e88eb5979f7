using LoraBridge.Graphs;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.Training;
using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning;

/// <summary>
/// Trains all weights of a small F32 model, usually from random ones. The graph, its gradients and the loop are those of
/// adapter training; only the set of trained tensors differs.
/// </summary>
/// <remarks>Optimiser state and gradients take three times the memory of the model: this is for models of millions of parameters.</remarks>
public sealed class ModelPretraining
{
    private readonly string _modelPath;
    private readonly PretrainingParameters _parameters;

    /// <param name="modelPath">A GGUF model whose weights are F32; it is not changed.</param>
    /// <param name="parameters">Settings; null takes the defaults.</param>
    /// <exception cref="ArgumentException">The path is blank.</exception>
    public ModelPretraining(string modelPath, PretrainingParameters? parameters = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(modelPath);
        _modelPath = modelPath;
        _parameters = parameters ?? new PretrainingParameters();
    }

    /// <summary>Trains once through the rows, in their order, and writes the trained model.</summary>
    /// <param name="rows">
    /// The samples that share each row, with positions and attention of their own: tokens and, beside each, its label, of which -100
    /// does not count.
    /// </param>
    /// <param name="outputPath">Where to write the model; replaced if it exists.</param>
    /// <param name="progress">Called after each update.</param>
    /// <param name="cancellationToken">Stops between rows; nothing is written then but what <see cref="PretrainingParameters.SaveInterval"/> wrote.</param>
    /// <returns>The loss of the last update's rows, in nats.</returns>
    /// <exception cref="ArgumentException">There are no rows, or one is longer than the context.</exception>
    /// <exception cref="InvalidDataException">The file is no valid model.</exception>
    /// <exception cref="NotSupportedException">The model has an operation without a gradient, or shares a weight between places.</exception>
    public double Train(
        IReadOnlyList<IReadOnlyList<(int[] InputIds, int[] Labels)>> rows, string outputPath, IProgress<PretrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentException.ThrowIfNullOrWhiteSpace(outputPath);
        if (rows.Count == 0)
            throw new ArgumentException("There are no rows to train on.", nameof(rows));

        var threads = _parameters.Threads ?? ProcessorInfo.DefaultThreadCount;
        using var files = ModelLoader.Open(_modelPath);
        // Weights are written in place, which pages of a mapped file do not allow.
        using var model = ModelLoader.Load(files, new NativeLoadOptions { UseExtraBuffers = false, UseMemoryMap = false }, null, cancellationToken);
        using var engine = new ComputeEngine(threads);
        var context = _parameters.ContextLength;
        using var session = WeightSession.Open(model, engine, new TrainingGraphShape(context, context, threads, Recompute: false) { Precision = _parameters.Precision });

        var steps = (rows.Count + _parameters.RowsPerStep - 1) / _parameters.RowsPerStep;
        var trainer = CreateTrainer(session.Graph, steps, threads);
        var (loss, tokens) = (double.NaN, 0L);
        foreach (var chunk in rows.Chunk(_parameters.RowsPerStep))
        {
            PackedRow[] packed = [.. chunk.Select(row => PackedRow.From([.. row.Select(sample => new TrainingSample(sample.InputIds, sample.Labels))]))];
            var step = new TrainingStep(default, [packed], packed.Sum(row => row.TargetCount));
            var outcome = trainer.Step(step, cancellationToken);
            loss = outcome.Loss;
            tokens += packed.Sum(row => row.Length);
            progress?.Report(new PretrainingProgress(outcome.Step + 1, steps, loss, outcome.LearningRate, tokens));
            if (_parameters.SaveInterval > 0 && (outcome.Step + 1) % _parameters.SaveInterval == 0)
                session.Save(files, outputPath);
        }
        session.Save(files, outputPath);
        return loss;
    }

    private Trainer CreateTrainer(TrainingGraph graph, int steps, int threads)
    {
        var optimizer = new AdamW(graph.Parameters, new AdamWOptions
        {
            Beta1 = _parameters.Beta1,
            Beta2 = _parameters.Beta2,
            WeightDecay = _parameters.WeightDecay,
            Threads = threads,
        });
        var schedule = new LearningRateSchedule(
            LearningRateScheduleKind.Cosine, _parameters.LearningRate, steps, _parameters.WarmupSteps, _parameters.FinalRateRatio);
        return new Trainer(graph, optimizer, schedule, _parameters.MaxGradientNorm);
    }
}
