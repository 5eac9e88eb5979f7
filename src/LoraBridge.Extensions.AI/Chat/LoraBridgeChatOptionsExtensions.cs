using LoraBridge.Model;
using Microsoft.Extensions.AI;

namespace LoraBridge.Extensions.AI;

/// <summary>What requests can ask of LoraBridge beyond what all clients know.</summary>
public static class LoraBridgeChatOptionsExtensions
{
    /// <summary>Chooses the adapters of a request, instead of those of the model or the client; none at all is a choice, too.</summary>
    /// <returns>The options.</returns>
    public static ChatOptions UseAdapters(this ChatOptions options, params IReadOnlyList<LoraAdapter> adapters)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(adapters);
        (options.AdditionalProperties ??= [])[AdapterChoice.Property] = adapters;
        return options;
    }

    /// <summary>Chooses the adapters of embeddings, instead of those of the model or the generator; none at all is a choice, too.</summary>
    /// <returns>The options.</returns>
    public static EmbeddingGenerationOptions UseAdapters(this EmbeddingGenerationOptions options, params IReadOnlyList<LoraAdapter> adapters)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(adapters);
        (options.AdditionalProperties ??= [])[AdapterChoice.Property] = adapters;
        return options;
    }
}
