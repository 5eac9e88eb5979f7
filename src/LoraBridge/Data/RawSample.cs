using LoraBridge.TextGeneration;

namespace LoraBridge.Data;

/// <summary>Where a sample was read, for messages about it.</summary>
internal readonly record struct SampleSource(string Name, long Line);

/// <summary>A sample before the model's tokenizer and chat template have seen it.</summary>
internal abstract record RawSample(SampleSource Source)
{
    /// <summary>What the reader did not understand of the row.</summary>
    public IReadOnlyList<string> Losses { get; init; } = [];
}

internal sealed record ChatSample(SampleSource Source, ChatHistory Chat) : RawSample(Source)
{
    /// <summary>Turns of the assistant, counted from 0, that are context only.</summary>
    public IReadOnlySet<int> Given { get; init; } = new HashSet<int>();
}

/// <summary>A document, or a part of a long one; only its outer ends carry the marks for beginning and end.</summary>
internal sealed record TextSample(SampleSource Source, string Text, bool IsStart = true, bool IsEnd = true) : RawSample(Source);

/// <summary>Text that is given and text that is to be learnt.</summary>
internal sealed record CompletionSample(SampleSource Source, string Prompt, string Completion) : RawSample(Source);

/// <summary>Tokens as they are; without labels every token but the first counts.</summary>
internal sealed record TokenSample(SampleSource Source, int[] Tokens, int[]? Labels) : RawSample(Source);
