using LoraBridge.Adapters;

namespace LoraBridge.Model;

/// <content>The adapters that conversations use unless they have their own.</content>
public sealed partial class LM
{
    private readonly Lock _adaptersGate = new();
    private AdapterUses? _adapterUses;
    private readonly HashSet<LoraAdapter> _applied = new(ReferenceEqualityComparer.Instance);

    /// <summary>The applied adapters, in the order in which they were applied.</summary>
    public IReadOnlyList<LoraAdapter> Adapters => Uses.Adapters;

    /// <summary>The adapters that count at this moment.</summary>
    internal AdapterSet CurrentAdapters => Uses.Snapshot();

    /// <summary>Reads an adapter and applies it. The effects of several adapters add up.</summary>
    /// <param name="path">GGUF adapter.</param>
    /// <param name="scale">How strongly it counts: 1 is as trained; see <see cref="LoraAdapter.Scale"/>.</param>
    /// <returns>
    /// The adapter, so that its scale can be changed or it can be removed; if this file is already applied at this scale, the adapter that
    /// is.
    /// </returns>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The scale is infinite or not a number.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a valid adapter.</exception>
    /// <exception cref="AdapterMismatchException">The adapter was made for another model.</exception>
    /// <exception cref="InvalidOperationException">The file is already applied with another scale, or has changed since it was applied.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public LoraAdapter ApplyLoraAdapter(string path, float scale = 1)
    {
        LoraAdapter.CheckScale(scale, nameof(scale));
        var adapter = new LoraAdapter(path) { Scale = scale };
        lock (_adaptersGate)
            return Apply(Existing(adapter));
    }

    /// <summary>Applies an adapter at its own scale; one that is already applied stays as it is. The effects of several adapters add up.</summary>
    /// <param name="adapter">The adapter; it may be applied to several models.</param>
    /// <returns>The same adapter.</returns>
    /// <exception cref="FileNotFoundException">The adapter's file is gone.</exception>
    /// <exception cref="InvalidDataException">The adapter's file is no longer valid.</exception>
    /// <exception cref="AdapterMismatchException">The adapter was made for another model.</exception>
    /// <exception cref="InvalidOperationException">Another adapter with the same file is applied, or the file has changed since it was applied.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public LoraAdapter ApplyLoraAdapter(LoraAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        lock (_adaptersGate)
            return Apply(adapter);
    }

    /// <summary>Reads an adapter and applies it without blocking the caller.</summary>
    /// <param name="path">GGUF adapter.</param>
    /// <param name="scale">How strongly it counts: 1 is as trained; see <see cref="LoraAdapter.Scale"/>.</param>
    /// <param name="cancellationToken">Cancels before the adapter is read.</param>
    /// <inheritdoc cref="ApplyLoraAdapter(string, float)" path="/returns"/>
    /// <inheritdoc cref="ApplyLoraAdapter(string, float)" path="/exception"/>
    public Task<LoraAdapter> ApplyLoraAdapterAsync(string path, float scale = 1, CancellationToken cancellationToken = default) =>
        Task.Run(() => ApplyLoraAdapter(path, scale), cancellationToken);

    /// <summary>Applies an adapter with its own scale without blocking the caller.</summary>
    /// <param name="adapter">The adapter; it may be applied to several models.</param>
    /// <param name="cancellationToken">Cancels before the adapter is read.</param>
    /// <inheritdoc cref="ApplyLoraAdapter(LoraAdapter)" path="/returns"/>
    /// <inheritdoc cref="ApplyLoraAdapter(LoraAdapter)" path="/exception"/>
    public Task<LoraAdapter> ApplyLoraAdapterAsync(LoraAdapter adapter, CancellationToken cancellationToken = default) =>
        Task.Run(() => ApplyLoraAdapter(adapter), cancellationToken);

    /// <summary>
    /// Removes an adapter: the model responds as it did before, bit for bit. One that a <see cref="UseLoraAdapter(LoraAdapter)"/> still uses
    /// stays until that scope ends.
    /// </summary>
    /// <param name="adapter">The adapter.</param>
    /// <returns>Whether it was applied.</returns>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public bool RemoveLoraAdapter(LoraAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        lock (_adaptersGate)
        {
            using var use = Enter();
            if (!_applied.Remove(adapter))
                return false;
            Uses.Remove(adapter);
            return true;
        }
    }

    /// <summary>Applies an adapter until the result is disposed. Such scopes may overlap: the adapter stays until the last of them ends.</summary>
    /// <param name="adapter">The adapter; if it is applied already, it stays so afterwards.</param>
    /// <inheritdoc cref="ApplyLoraAdapter(LoraAdapter)" path="/exception"/>
    public IDisposable UseLoraAdapter(LoraAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        lock (_adaptersGate)
            return Use(adapter);
    }

    /// <summary>Reads an adapter and applies it until the result is disposed.</summary>
    /// <param name="path">GGUF adapter.</param>
    /// <param name="scale">How strongly it counts: 1 is as trained; see <see cref="LoraAdapter.Scale"/>.</param>
    /// <inheritdoc cref="ApplyLoraAdapter(string, float)" path="/exception"/>
    public IDisposable UseLoraAdapter(string path, float scale = 1)
    {
        LoraAdapter.CheckScale(scale, nameof(scale));
        var adapter = new LoraAdapter(path) { Scale = scale };
        lock (_adaptersGate)
            return Use(Existing(adapter));
    }

    private AdapterUses Uses => LazyInitializer.EnsureInitialized(ref _adapterUses, () => new AdapterUses(_core.Adapters));

    private LoraAdapter Apply(LoraAdapter adapter)
    {
        using var use = Enter();
        Uses.Add(adapter);
        if (!_applied.Add(adapter))
            Uses.Remove(adapter);
        return adapter;
    }

    private AdapterScope Use(LoraAdapter adapter)
    {
        using var use = Enter();
        Uses.Add(adapter);
        return new AdapterScope(this, adapter);
    }

    /// <summary>The adapter that is applied with the same file and scale, or the new one.</summary>
    private LoraAdapter Existing(LoraAdapter adapter) =>
        Uses.FindFile(adapter.Path) is { } applied && applied.Scale == adapter.Scale ? applied : adapter;

    private void EndUse(LoraAdapter adapter)
    {
        lock (_adaptersGate)
        {
            // With the model, all uses have ended.
            if (!Volatile.Read(ref _disposed))
                Uses.Remove(adapter);
        }
    }

    private sealed class AdapterScope(LM model, LoraAdapter adapter) : IDisposable
    {
        private LoraAdapter? _adapter = adapter;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _adapter, null) is { } used)
                model.EndUse(used);
        }
    }
}
