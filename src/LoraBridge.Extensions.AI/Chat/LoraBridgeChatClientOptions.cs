using LoraBridge.Model;
using LoraBridge.TextGeneration;
using Microsoft.Extensions.Logging;

namespace LoraBridge.Extensions.AI;

/// <summary>How a <see cref="LoraBridgeChatClient"/> answers.</summary>
public sealed record LoraBridgeChatClientOptions
{
    /// <summary>What the model is called in responses and in <c>ChatOptions.ModelId</c>; null takes <see cref="LM.Name"/>.</summary>
    public string? ModelId { get; init; }

    /// <summary>Adapters that a request may choose by its <c>ModelId</c>, alone or joined by <c>+</c>: their name, or <c>model+name</c>.</summary>
    public IReadOnlyDictionary<string, LoraAdapter> Adapters { get; init; } = new Dictionary<string, LoraAdapter>();

    /// <summary>The adapters of requests that choose none; null takes those that are applied to the model.</summary>
    public IReadOnlyList<LoraAdapter>? DefaultAdapters { get; init; }

    /// <summary>Tokens that a conversation can hold, with its answer; 0 takes what the model was trained for, at most 4096.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public int ContextLength
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    }

    /// <summary>The most tokens of an answer that does not set <c>MaxOutputTokens</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative or zero.</exception>
    public int MaximumOutputTokens
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            field = value;
        }
    } = 512;

    /// <summary>How tokens are chosen where a request does not say otherwise.</summary>
    public SamplingMode SamplingMode { get; init; } = SamplingMode.Default;

    /// <summary>
    /// How many conversations are kept by their <c>ConversationId</c>, so that requests send their new messages only: 0 keeps none, and
    /// every request brings all messages. Beyond the number, the one that was used longest ago is forgotten.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public int KeptConversations
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    }

    /// <summary>Receives a line for each answer, of level Debug; null logs nothing. Hosts use <see cref="LoraBridgeTelemetry.RequestLogCategory"/>.</summary>
    public ILogger? Logger { get; init; }
}
