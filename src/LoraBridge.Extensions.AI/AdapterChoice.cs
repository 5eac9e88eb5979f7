using LoraBridge.Model;
using Microsoft.Extensions.AI;

namespace LoraBridge.Extensions.AI;

/// <summary>Which adapters a request chooses: by the name of its model, or by a property.</summary>
/// <param name="ModelId">What the model is called.</param>
/// <param name="Known">The adapters that can be chosen, by name.</param>
/// <param name="Defaults">Those of requests that choose none; null leaves those of the model.</param>
internal sealed record AdapterChoice(string ModelId, IReadOnlyDictionary<string, LoraAdapter> Known, IReadOnlyList<LoraAdapter>? Defaults)
{
    internal const string Property = "lorabridge.adapters";

    /// <summary>The adapters; null leaves those of the model.</summary>
    /// <exception cref="ArgumentException">The request names a model or an adapter that there is not; the message says which there are.</exception>
    internal IReadOnlyList<LoraAdapter>? Of(string? requested, AdditionalPropertiesDictionary? properties)
    {
        if (properties?.TryGetValue(Property, out var chosen) == true)
        {
            return chosen switch
            {
                IEnumerable<LoraAdapter> adapters => [.. adapters],
                string names => names.Length == 0 ? [] : [.. names.Split('+').Select(Find)],
                _ => throw new ArgumentException(
                    $"'{Property}' must be adapters or their names joined by '+', found {chosen?.GetType().Name ?? "null"}.", nameof(properties)),
            };
        }
        if (requested is null || requested == ModelId)
            return Defaults;
        var parts = requested.StartsWith(ModelId + "+", StringComparison.Ordinal) ? requested[(ModelId.Length + 1)..] : requested;
        return [.. parts.Split('+').Select(Find)];
    }

    private LoraAdapter Find(string name) =>
        Known.TryGetValue(name, out var adapter)
            ? adapter
            : throw new ArgumentException(
                $"There is no model or adapter '{name}'; there are {string.Join(", ", Known.Keys.Prepend(ModelId).Select(key => $"'{key}'"))}.", nameof(name));
}
