using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>How one answer is generated. What is null is as the conversation has it.</summary>
public sealed record GenerationOptions
{
    private readonly int? _maximumCompletionTokens;
    private readonly IReadOnlyList<string>? _stopSequences;

    /// <summary>How tokens are chosen.</summary>
    public SamplingMode? SamplingMode { get; init; }

    /// <summary>The most tokens of the answer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int? MaximumCompletionTokens
    {
        get => _maximumCompletionTokens;
        init
        {
            if (value is { } tokens)
                ArgumentOutOfRangeException.ThrowIfNegative(tokens);
            _maximumCompletionTokens = value;
        }
    }

    /// <summary>Texts that end the answer, and are not part of it.</summary>
    /// <exception cref="ArgumentException">A text is null or empty.</exception>
    public IReadOnlyList<string>? StopSequences
    {
        get => _stopSequences;
        init => _stopSequences = value is null ? null : Conversation.CheckedStopSequences(value);
    }

    /// <summary>What happens when the messages and the room for the answer are more than the context holds.</summary>
    public ContextPolicy? ContextPolicy { get; init; }

    /// <summary>Whether an answer that is cancelled counts as far as it came; see <see cref="Conversation.KeepCancelledAnswers"/>.</summary>
    public bool? KeepCancelledAnswers { get; init; }

    /// <summary>The adapters that count for this answer, instead of those of the conversation or the model; none at all is a choice, too.</summary>
    public IReadOnlyList<LoraAdapter>? Adapters { get; init; }

    /// <summary>The tools on offer: a JSON array in the shape of OpenAI's <c>tools</c>.</summary>
    public string? Tools { get; init; }
}
