using LoraBridge.Model;

namespace LoraBridge.Extensions.AI;

/// <summary>An adapter that a host knows.</summary>
internal sealed record AdapterRegistration(string Name, string Path, float Scale);

/// <summary>The adapters of a host, each read once.</summary>
internal sealed class RegisteredAdapters(IEnumerable<AdapterRegistration> registrations)
{
    /// <exception cref="ArgumentException">Two adapters have the same name.</exception>
    internal IReadOnlyDictionary<string, LoraAdapter> ByName { get; } = registrations.ToDictionary(
        registration => registration.Name, registration => new LoraAdapter(registration.Path) { Scale = registration.Scale });

    /// <exception cref="InvalidOperationException">There is no such adapter.</exception>
    internal LoraAdapter Find(string name) => ByName.TryGetValue(name, out var adapter)
        ? adapter
        : throw new InvalidOperationException($"No adapter '{name}' was added; there are {string.Join(", ", ByName.Keys.Select(key => $"'{key}'"))}.");
}
