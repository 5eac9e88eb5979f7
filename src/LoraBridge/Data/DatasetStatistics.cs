using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning;

/// <summary>What became of the training data once the model's tokenizer had seen it.</summary>
public sealed record DatasetStatistics
{
    /// <summary>The samples that are trained on, parts of split ones and windows of documents counted each.</summary>
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
    /// Rows that are used, but not all they say: parts that the chat template does not write, fields that are not understood. The first of
    /// each kind is reported as a <see cref="DatasetProblem"/>.
    /// </summary>
    public long PartlyUsedSamples { get; init; }

    /// <summary>Control tokens that were read from texts, such as the marks between turns in conversations that are rendered already.</summary>
    public long ParsedSpecialTokens { get; init; }

    /// <summary>Samples of which only the beginning is used.</summary>
    public long TruncatedSamples { get; init; }

    /// <summary>Samples that were cut into parts.</summary>
    public long SplitSamples { get; init; }

    /// <summary>All tokens.</summary>
    public long TokenCount { get; init; }

    /// <summary>The tokens that count in the loss.</summary>
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
