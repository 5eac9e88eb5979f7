using LoraBridge.Data;
using LoraBridge.Evaluation;
using LoraBridge.Model;
using LoraBridge.TextGeneration;
using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning;

/// <summary>Measures the loss of a model, with the adapters that are applied to it, through llama.cpp's inference.</summary>
public static class LossEvaluation
{
    private const int LongestDefaultContext = 2048;

    /// <summary>Computes the mean cross entropy over all counted tokens of a data set.</summary>
    /// <param name="model">The model; its adapters count with the scales they have now.</param>
    /// <param name="data">The rows.</param>
    /// <param name="options">How they are read; null takes the defaults.</param>
    /// <param name="progress">Receives a report for each row, on the calling thread.</param>
    /// <param name="cancellationToken">Stops within a row.</param>
    /// <exception cref="InvalidDataException">A file cannot be read, or no row of it can be used.</exception>
    /// <exception cref="InsufficientMemoryException">The context needs more memory than there is.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static LossEvaluationResult Evaluate(
        LM model, TrainingDataset data, LossEvaluationOptions? options = null, IProgress<OperationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        options ??= new LossEvaluationOptions();
        var reader = new TrainingSampleReader(new ModelTokenizer(model.Vocabulary), ChatTemplates.For(model, options.ChatTemplate), new SampleOptions
        {
            ContextLength = options.ContextLength > 0 ? options.ContextLength : Math.Clamp(model.ContextLength, 2, LongestDefaultContext),
            AssistantLossOnly = options.AssistantLossOnly,
            ParseSpecialTokensInText = options.ParseSpecialTokensInText,
            ParseSpecialTokensInMessages = options.ParseSpecialTokensInMessages,
        });
        List<TrainingSample> samples = [.. reader.Read([data])];
        if (samples.Count == 0)
            throw DatasetFault.Create($"{data.Name} has no row that can be used{(reader.Problems is [var first, ..] ? $": {first}" : "")}");

        using var evaluator = new TokenLossEvaluator(model.Core, model.CurrentAdapters, reader.Statistics.SampleMaxLength);
        var (sum, count) = (0.0, 0L);
        for (var i = 0; i < samples.Count; i++)
        {
            var row = evaluator.EvaluateRow(samples[i].Tokens, samples[i].Labels, cancellationToken);
            sum += row.Sum;
            count += row.Count;
            progress?.Report(new OperationProgress("evaluating", (i + 1.0) / samples.Count));
        }
        return new LossEvaluationResult(sum / count, count, reader.Statistics, reader.Problems)
        {
            Device = DeviceNodes.NameOf(model.Core.CacheDevices),
            FallbackNodes = DeviceNodes.FallbacksOfInference(model.Core),
        };
    }

    /// <summary><see cref="Evaluate"/> on another thread.</summary>
    /// <inheritdoc cref="Evaluate"/>
    public static Task<LossEvaluationResult> EvaluateAsync(
        LM model, TrainingDataset data, LossEvaluationOptions? options = null, IProgress<OperationProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        Task.Run(() => Evaluate(model, data, options, progress, cancellationToken), cancellationToken);
}

/// <summary>How well a model predicts a data set.</summary>
/// <param name="Loss">Mean cross entropy of the counted tokens, in nats.</param>
/// <param name="Tokens">How many tokens count.</param>
/// <param name="Data">Statistics of the rows.</param>
/// <param name="Problems">The first rows that were left out, and why.</param>
public sealed record LossEvaluationResult(double Loss, long Tokens, DatasetStatistics Data, IReadOnlyList<DatasetProblem> Problems)
{
    /// <summary>exp(loss): the number of equally likely tokens that would be as hard to predict.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>What computed: llama.cpp's names of the devices, such as <c>CUDA0</c>, or <c>CPU</c>.</summary>
    public string Device { get; init; } = "CPU";

    /// <summary>Operations of the model that the device cannot compute, and the CPU does for it. Empty on the CPU itself.</summary>
    public IReadOnlyList<DeviceFallback> FallbackNodes { get; init; } = [];
}
