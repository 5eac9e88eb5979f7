using System.Globalization;
using LoraBridge.Data;
using LoraBridge.Model;
using LoraBridge.TextGeneration;
using LoraBridge.Training;
using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning.Runs;

/// <summary>Training data as tokens: what is trained on, what is measured on, and an account of both.</summary>
internal sealed record PreparedData(
    IReadOnlyList<TrainingSample> Training, IReadOnlyList<TrainingSample> Validation, DatasetStatistics Statistics,
    IReadOnlyList<DatasetProblem> Problems)
{
    /// <summary>A stream of random numbers apart from those of the epochs.</summary>
    private const ulong SplitStream = ulong.MaxValue;
    private const ulong LossSampleStream = ulong.MaxValue - 1;

    /// <summary>Reads and tokenizes data sets.</summary>
    /// <param name="model">Whose tokenizer and chat template are used.</param>
    /// <param name="parameters">Lengths, masks and the validation split.</param>
    /// <param name="datasets">What to train on.</param>
    /// <param name="validation">What to measure on; empty splits the former.</param>
    /// <param name="cancellationToken">Stops between two samples.</param>
    /// <exception cref="InvalidDataException">A row is bad in a strict data set, or a file cannot be read.</exception>
    /// <exception cref="InvalidOperationException">A part of the samples is to be set aside, but there are too few of them.</exception>
    public static PreparedData Read(
        LM model, LoraTrainingParameters parameters, IReadOnlyList<TrainingDataset> datasets, IReadOnlyList<TrainingDataset> validation,
        CancellationToken cancellationToken)
    {
        var options = new SampleOptions
        {
            ContextLength = ContextLengthFor(model, parameters),
            AssistantLossOnly = parameters.AssistantLossOnly,
            Overlong = parameters.OverlongSamples,
            ParseSpecialTokensInText = parameters.ParseSpecialTokensInText,
            ParseSpecialTokensInMessages = parameters.ParseSpecialTokensInMessages,
        };
        var tokenizer = new ModelTokenizer(model.Vocabulary);
        var template = ChatTemplates.For(model, parameters.ChatTemplate);
        var reader = new TrainingSampleReader(tokenizer, template, options);
        var samples = Read(reader, datasets, cancellationToken);
        var problems = reader.Problems;
        if (validation.Count == 0)
        {
            var (kept, aside) = Split(samples, parameters);
            return new PreparedData(kept, aside, reader.Statistics, problems);
        }
        var other = new TrainingSampleReader(tokenizer, template, options);
        var measured = Read(other, validation, cancellationToken);
        if (measured.Count == 0)
            throw new InvalidOperationException(other.Problems is [var first, ..]
                ? $"The validation data leave nothing to validate: all {other.Statistics.SkippedSamples} rows were skipped. First: {first}."
                : "The validation data leave nothing to validate: they are empty.");
        return new PreparedData(samples, measured, reader.Statistics.WithLossesOf(other.Statistics), [.. problems, .. other.Problems]);
    }

    /// <summary>The longest sample: what was asked for, as far as the model goes.</summary>
    public static int ContextLengthFor(LM model, LoraTrainingParameters parameters) =>
        model.ContextLength > 1 ? Math.Min(parameters.ContextLength, model.ContextLength) : parameters.ContextLength;

    /// <summary>The training samples that the first and final loss are taken over.</summary>
    /// <param name="most">Tokens, at most; one sample at least.</param>
    /// <param name="seed">Chooses the samples.</param>
    public IReadOnlyList<TrainingSample> LossSample(int most, ulong seed)
    {
        if (Training.Sum(sample => (long)sample.Tokens.Length) <= most)
            return Training;
        var chosen = Training.ToArray();
        new SeededRandom(seed, LossSampleStream).Shuffle<TrainingSample>(chosen);
        var tokens = 0L;
        var count = chosen.TakeWhile(sample => (tokens += sample.Tokens.Length) <= most).Count();
        return chosen[..Math.Max(count, 1)];
    }

    private static List<TrainingSample> Read(
        TrainingSampleReader reader, IReadOnlyList<TrainingDataset> datasets, CancellationToken cancellationToken)
    {
        List<TrainingSample> samples = [];
        foreach (var sample in reader.Read(datasets))
        {
            cancellationToken.ThrowIfCancellationRequested();
            samples.Add(sample);
        }
        return samples;
    }

    /// <summary>Both parts keep the order of the data, and each has at least one sample.</summary>
    /// <exception cref="InvalidOperationException">There is only one sample.</exception>
    private static (List<TrainingSample> Kept, List<TrainingSample> Aside) Split(List<TrainingSample> samples, LoraTrainingParameters parameters)
    {
        if (parameters.ValidationSplit == 0 || samples.Count == 0)
            return (samples, []);
        if (samples.Count == 1)
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture,
                $"A {nameof(LoraTrainingParameters.ValidationSplit)} of {parameters.ValidationSplit} leaves nothing to validate: the data have 1 sample that can be used, expected at least 2."));
        var count = Math.Clamp((int)Math.Round(samples.Count * (double)parameters.ValidationSplit), 1, samples.Count - 1);
        var order = Enumerable.Range(0, samples.Count).ToArray();
        new SeededRandom(parameters.Seed, SplitStream).Shuffle<int>(order);
        var aside = order.Take(count).ToHashSet();
        return ([.. samples.Where((_, index) => !aside.Contains(index))], [.. samples.Where((_, index) => aside.Contains(index))]);
    }
}
