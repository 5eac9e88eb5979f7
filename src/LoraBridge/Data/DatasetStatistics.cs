using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning;

/// <summary>Statistics of the training data after tokenization.</summary>
public sealed record DatasetStatistics
{
    /// <summary>Number of samples trained on; each part of a split sample and each window of a document counts.</summary>
    public long SampleCount { get; init; }

    /// <summary>The length of the shortest sample in tokens; 0 when there is none.</summary>
    public int SampleMinLength { get; init; }

    /// <summary>The length of the longest sample in tokens; 0 when there is none.</summary>
    public int SampleMaxLength { get; init; }

    /// <summary>
    /// Conversations trained on as a whole although only the assistant's turns were asked for: the chat template renders the beginning of
    /// the conversation differently from the whole, so that the turns cannot be told apart.
    /// </summary>
    public long UnmaskedSampleCount { get; init; }

    /// <summary>Rows and samples left out, of training and of validation data; each is reported as a <see cref="DatasetProblem"/>.</summary>
    public long SkippedSamples { get; init; }

    /// <summary>
    /// Rows that are used only in part: the chat template leaves something out, or a field is not understood. The first of
    /// each kind is reported as a <see cref="DatasetProblem"/>.
    /// </summary>
    public long PartlyUsedSamples { get; init; }

    /// <summary>Control tokens that were parsed from texts, such as the markers between turns in conversations that are already rendered.</summary>
    public long ParsedSpecialTokens { get; init; }

    /// <summary>Samples of which only the beginning is used.</summary>
    public long TruncatedSamples { get; init; }

    /// <summary>Samples that were cut into parts.</summary>
    public long SplitSamples { get; init; }

    /// <summary>Number of tokens in all samples.</summary>
    public long TokenCount { get; init; }

    /// <summary>Number of tokens that count in the loss.</summary>
    public long TargetCount { get; init; }

    /// <summary>What other data lost, on top; its samples are not counted.</summary>
    internal DatasetStatistics WithLossesOf(DatasetStatistics other) => this with
    {
        UnmaskedSampleCount = UnmaskedSampleCount + other.UnmaskedSampleCount,
        SkippedSamples = SkippedSamples + other.SkippedSamples,
        PartlyUsedSamples = PartlyUsedSamples + other.PartlyUsedSamples,
        TruncatedSamples = TruncatedSamples + other.TruncatedSamples,
        SplitSamples = SplitSamples + other.SplitSamples,
    };

    internal DatasetStatistics With(TrainingSample sample) => this with
    {
        SampleCount = SampleCount + 1,
        SampleMinLength = SampleCount == 0 ? sample.Tokens.Length : Math.Min(SampleMinLength, sample.Tokens.Length),
        SampleMaxLength = Math.Max(SampleMaxLength, sample.Tokens.Length),
        TokenCount = TokenCount + sample.Tokens.Length,
        TargetCount = TargetCount + sample.TargetCount,
    };
}
