namespace LoraBridge.Finetuning;

/// <summary>What happens to samples that are longer than the context. Documents (plain text) are always split into windows.</summary>
public enum OverlongSamplePolicy
{
    /// <summary>Keep the beginning; counted in <see cref="DatasetStatistics.TruncatedSamples"/>. A sample with nothing left to learn is skipped.</summary>
    Truncate,

    /// <summary>Cut it into parts of the context length, each of which starts with the last token of the one before; counted in <see cref="DatasetStatistics.SplitSamples"/>.</summary>
    Split,

    /// <summary>Leave it out; counted in <see cref="DatasetStatistics.SkippedSamples"/> and reported.</summary>
    Skip,
}
