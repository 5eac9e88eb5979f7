using System.Collections.Immutable;
using LoraBridge.Adapters;

namespace LoraBridge.Model;

/// <content>The adapters that conversations use unless they have their own.</content>
public sealed partial class LM
{
    private readonly Lock _adaptersGate = new();
    private ImmutableArray<LoraAdapter> _adapters = [];

    /// <summary>The adapters that are applied, in the order in which they were.</summary>
    public IReadOnlyList<LoraAdapter> Adapters => CurrentAdapters;

    internal ImmutableArray<LoraAdapter> CurrentAdapters
    {
        get
        {
            lock (_adaptersGate)
                return _adapters;
        }
    }

    /// <summary>Reads an adapter and applies it. Several adapters add up.</summary>
    /// <param name="path">GGUF adapter.</param>
    /// <param name="scale">How strongly it counts, 1 as trained; see <see cref="LoraAdapter.Scale"/>.</param>
    /// <returns>The adapter, to change its scale or to remove it.</returns>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The scale is negative, infinite or not a number.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a valid adapter.</exception>
    /// <exception cref="AdapterMismatchException">The adapter was made for another model.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public LoraAdapter ApplyLoraAdapter(string path, float scale = 1)
    {
        LoraAdapter.CheckScale(scale, nameof(scale));
        return ApplyLoraAdapter(new LoraAdapter(path) { Scale = scale });
    }

    /// <summary>Applies an adapter with its own scale; one that is applied already stays as it is. Several adapters add up.</summary>
    /// <param name="adapter">The adapter; it may be applied to several models.</param>
    /// <returns>The same adapter.</returns>
    /// <exception cref="FileNotFoundException">The adapter's file is gone.</exception>
    /// <exception cref="InvalidDataException">The adapter's file is no longer valid.</exception>
    /// <exception cref="AdapterMismatchException">The adapter was made for another model.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public LoraAdapter ApplyLoraAdapter(LoraAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        lock (_adaptersGate)
        {
            if (_adapters.Contains(adapter))
                return adapter;
            Core.Adapters.Acquire(adapter);
            _adapters = _adapters.Add(adapter);
            return adapter;
        }
    }

    /// <summary>Takes an adapter off: the model answers as it did before, bit for bit.</summary>
    /// <param name="adapter">The adapter.</param>
    /// <returns>False when it was not applied.</returns>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public bool RemoveLoraAdapter(LoraAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        lock (_adaptersGate)
        {
            var core = Core;
            if (!_adapters.Contains(adapter))
                return false;
            _adapters = _adapters.Remove(adapter);
            core.Adapters.Release(adapter);
            return true;
        }
    }

    /// <summary>Applies an adapter until the result is disposed.</summary>
    /// <param name="adapter">The adapter; if it is applied already, it stays so afterwards.</param>
    /// <inheritdoc cref="ApplyLoraAdapter(LoraAdapter)" path="/exception"/>
    public IDisposable UseLoraAdapter(LoraAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        lock (_adaptersGate)
        {
            var alreadyApplied = _adapters.Contains(adapter);
            ApplyLoraAdapter(adapter);
            return new AdapterScope(this, alreadyApplied ? null : adapter);
        }
    }

    /// <summary>Reads an adapter and applies it until the result is disposed.</summary>
    /// <param name="path">GGUF adapter.</param>
    /// <param name="scale">How strongly it counts, 1 as trained; see <see cref="LoraAdapter.Scale"/>.</param>
    /// <inheritdoc cref="ApplyLoraAdapter(string, float)" path="/exception"/>
    public IDisposable UseLoraAdapter(string path, float scale = 1) => new AdapterScope(this, ApplyLoraAdapter(path, scale));

    private sealed class AdapterScope(LM model, LoraAdapter? adapter) : IDisposable
    {
        private LoraAdapter? _adapter = adapter;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _adapter, null) is { } applied && !Volatile.Read(ref model._disposed))
                model.RemoveLoraAdapter(applied);
        }
    }
}
