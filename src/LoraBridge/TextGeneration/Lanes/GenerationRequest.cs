using LoraBridge.Adapters;

namespace LoraBridge.TextGeneration.Lanes;

/// <summary>What a <see cref="Generation"/> shall do.</summary>
internal sealed record GenerationRequest
{
    /// <summary>The tokens to continue.</summary>
    public required int[] Prompt { get; init; }

    /// <summary>Tokens at the start that stay when others have to go.</summary>
    public int KeptTokens { get; init; }

    /// <summary>Messages that the prompt leaves out.</summary>
    public int OmittedMessages { get; init; }

    /// <summary>Asked before each token for the adapters that count.</summary>
    public required Func<AdapterSet> Adapters { get; init; }

    /// <summary>How tokens are chosen.</summary>
    public required SamplingMode Sampling { get; init; }

    /// <summary>At most so many.</summary>
    public required int MaximumTokens { get; init; }

    /// <summary>Texts that end the answer.</summary>
    public IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>Move tokens up in the cache when the oldest have to go, and go on when an answer fills the context.</summary>
    public bool Shifts { get; init; }

    /// <summary>Whether a cancelled answer is returned as far as it came, or an exception.</summary>
    public bool KeepsCancelled { get; init; }

    /// <summary>Makes text, reasoning and calls of what is generated.</summary>
    public required IAnswerParser Parser { get; init; }
}
