using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Adapters;

/// <summary>
/// The adapters that a model, or a conversation with adapters of its own, keeps loaded: in order, each file once, and each as long as
/// one of its uses lasts. One thread at a time may change it; any may read.
/// </summary>
internal sealed class AdapterUses(AdapterRegistry registry)
{
    private readonly Dictionary<LoraAdapter, int> _counts = new(ReferenceEqualityComparer.Instance);
    private volatile Use[] _uses = [];
    private volatile LoraAdapter[] _adapters = [];

    internal IReadOnlyList<LoraAdapter> Adapters => _adapters;

    /// <summary>What counts at this moment.</summary>
    internal AdapterSet Snapshot() => AdapterSet.Of(_uses.Select(use => (use.Loaded, use.Adapter.Scale)));

    /// <summary>The adapter here that has the same file, under whatever path; null when there is none.</summary>
    internal LoraAdapter? FindFile(string path)
    {
        var file = OutputPath.RealPath(path);
        return _uses.FirstOrDefault(use => use.Loaded.File == file)?.Adapter;
    }

    /// <summary>Adds one use.</summary>
    /// <exception cref="InvalidOperationException">
    /// Another adapter here has the same file, and would make it count twice; or the file has changed since it was loaded.
    /// </exception>
    /// <inheritdoc cref="AdapterRegistry.Acquire" path="/exception"/>
    internal void Add(LoraAdapter adapter)
    {
        if (!_counts.TryGetValue(adapter, out var count))
        {
            if (FindFile(adapter.Path) is { } same)
            {
                throw new InvalidOperationException(
                    $"{adapter.Path} is applied already, and would count twice. Change the {nameof(LoraAdapter.Scale)} of the adapter that is "
                    + $"applied, {same}, or remove it first.");
            }
            Publish([.. _uses, new Use(adapter, registry.Acquire(adapter))]);
        }
        else if (_uses.First(use => use.Adapter == adapter).Loaded.IsOutdated)
        {
            throw new InvalidOperationException(
                $"{adapter.Path} has changed since it was applied, and the old weights are in use. Remove the adapter, then apply it again.");
        }
        _counts[adapter] = count + 1;
    }

    /// <summary>Ends one use.</summary>
    internal void Remove(LoraAdapter adapter)
    {
        if (--_counts[adapter] > 0)
            return;
        _counts.Remove(adapter);
        var ended = _uses.First(use => use.Adapter == adapter);
        Publish([.. _uses.Where(use => use != ended)]);
        registry.Release(ended.Loaded);
    }

    /// <summary>Ends all uses.</summary>
    internal void Clear()
    {
        var ended = _uses;
        _counts.Clear();
        Publish([]);
        foreach (var use in ended)
            registry.Release(use.Loaded);
    }

    private void Publish(Use[] uses)
    {
        _uses = uses;
        _adapters = [.. uses.Select(use => use.Adapter)];
    }

    private sealed record Use(LoraAdapter Adapter, LoadedAdapter Loaded);
}
