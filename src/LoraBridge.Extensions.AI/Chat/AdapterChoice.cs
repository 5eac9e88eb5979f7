using LoraBridge.Model;
using Microsoft.Extensions.AI;

namespace LoraBridge.Extensions.AI;

/// <summary>Which adapters a request chose.</summary>
internal static class AdapterChoice
{
    internal const string Property = "lorabridge.adapters";

    /// <summary>The adapters; null leaves those of the model.</summary>
    /// <exception cref="ArgumentException">The request names a model or an adapter that there is not; the message says which there are.</exception>
    internal static IReadOnlyList<LoraAdapter>? Of(ChatOptions? options, string modelId, LoraBridgeChatClientOptions known)
    {
        if (options?.AdditionalProperties?.TryGetValue(Property, out var chosen) == true)
        {
            return chosen switch
            {
                IEnumerable<LoraAdapter> adapters => [.. adapters],
                string names => names.Length == 0 ? [] : [.. names.Split('+').Select(name => Find(name, modelId, known))],
                _ => throw new ArgumentException(
                    $"'{Property}' must be adapters or their names joined by '+', found {chosen?.GetType().Name ?? "null"}.", nameof(options)),
            };
        }
        if (options?.ModelId is not { } id || id == modelId)
            return known.DefaultAdapters;
        var parts = id.StartsWith(modelId + "+", StringComparison.Ordinal) ? id[(modelId.Length + 1)..] : id;
        return [.. parts.Split('+').Select(name => Find(name, modelId, known))];
    }

    private static LoraAdapter Find(string name, string modelId, LoraBridgeChatClientOptions known) =>
        known.Adapters.TryGetValue(name, out var adapter)
            ? adapter
            : throw new ArgumentException(
                $"There is no model or adapter '{name}'; there are {string.Join(", ", known.Adapters.Keys.Prepend(modelId).Select(key => $"'{key}'"))}.", nameof(name));
}
