using LoraBridge.Model;
using Microsoft.Extensions.Logging;

namespace LoraBridge.Extensions.AI;

/// <summary>How a <see cref="LoraBridgeEmbeddingGenerator"/> computes.</summary>
public sealed record LoraBridgeEmbeddingGeneratorOptions
{
    /// <summary>What the model is called in responses and in <c>EmbeddingGenerationOptions.ModelId</c>; null takes <see cref="LM.Name"/>.</summary>
    public string? ModelId { get; init; }

    /// <summary>Adapters that a request may choose by its <c>ModelId</c>, alone or joined by <c>+</c>: their name, or <c>model+name</c>.</summary>
    public IReadOnlyDictionary<string, LoraAdapter> Adapters { get; init; } = new Dictionary<string, LoraAdapter>();

    /// <summary>The adapters of requests that choose none; null takes those that are applied to the model.</summary>
    public IReadOnlyList<LoraAdapter>? DefaultAdapters { get; init; }

    /// <summary>The most tokens of a text; 0 takes what the model was trained for, at most 4096. Longer texts are refused, not cut.</summary>
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

    /// <summary>Receives a line for each request, of level Debug; null logs nothing. Hosts use <see cref="LoraBridgeTelemetry.RequestLogCategory"/>.</summary>
    public ILogger? Logger { get; init; }
}
