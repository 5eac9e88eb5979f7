using LoraBridge.Adapters;
using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <content>The adapters that count.</content>
public abstract partial class Conversation
{
    private readonly Lock _adaptersGate = new();
    private volatile AdapterUses? _ownAdapters;

    /// <summary>The adapters in effect here: the conversation's own, or else those of the model.</summary>
    public IReadOnlyList<LoraAdapter> Adapters => _ownAdapters?.Adapters ?? _model.Adapters;

    /// <summary>Gives the conversation its own adapters, which replace the model's here; an empty list means none.</summary>
    /// <param name="adapters">The adapters; null returns to those of the model.</param>
    /// <exception cref="FileNotFoundException">An adapter's file is gone.</exception>
    /// <exception cref="InvalidDataException">An adapter's file is no longer valid.</exception>
    /// <exception cref="AdapterMismatchException">An adapter was made for another model. Nothing changes.</exception>
    /// <exception cref="InvalidOperationException">Two of the adapters have the same file, and it would count twice.</exception>
    /// <exception cref="ObjectDisposedException">The conversation was disposed.</exception>
    public void SetAdapters(IEnumerable<LoraAdapter>? adapters)
    {
        LoraAdapter[]? wanted = adapters is null ? null : [.. adapters.Distinct()];
        lock (_adaptersGate)
        {
            ThrowIfDisposed();
            var previous = _ownAdapters;
            _ownAdapters = wanted is null ? null : Acquire(wanted);
            previous?.Clear();
        }
    }

    /// <summary>The adapters that count at this moment.</summary>
    private AdapterSet CurrentAdapters() => _ownAdapters?.Snapshot() ?? _model.CurrentAdapters;

    private AdapterUses Acquire(IEnumerable<LoraAdapter> adapters)
    {
        var uses = new AdapterUses(_core.Adapters);
        try
        {
            foreach (var adapter in adapters)
                uses.Add(adapter);
            return uses;
        }
        catch
        {
            uses.Clear();
            throw;
        }
    }

    private void ReleaseAdapters()
    {
        lock (_adaptersGate)
        {
            _ownAdapters?.Clear();
            _ownAdapters = null;
        }
    }
}
