using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;

namespace LoraBridge.Adapters;

/// <summary>
/// The adapters that one model has loaded, each once, counted by those who use it: the model itself, and conversations with adapters
/// of their own. All calls hold the model's gate, because llama.cpp keeps a list of a model's adapters without locking it.
/// </summary>
internal sealed class AdapterRegistry(ModelCore core) : IDisposable
{
    private readonly Dictionary<LoraAdapter, Entry> _entries = new(ReferenceEqualityComparer.Instance);

    /// <summary>How many adapters were ever loaded: a context older than an adapter has sized its graphs without it.</summary>
    internal int Generation { get; private set; }

    /// <summary>Loads an adapter, or counts one user more.</summary>
    /// <exception cref="FileNotFoundException">The file is gone.</exception>
    /// <exception cref="InvalidDataException">The file is no longer a valid adapter, or llama.cpp refused it.</exception>
    /// <exception cref="AdapterMismatchException">The adapter was made for another model.</exception>
    internal void Acquire(LoraAdapter adapter)
    {
        lock (core.Gate)
        {
            if (!_entries.TryGetValue(adapter, out var entry))
            {
                // Read again: the file may have changed since the object was made.
                AdapterMatch.Check(AdapterFile.Read(adapter.Path), core.Files);
                entry = new Entry(Load(adapter.Path));
                _entries.Add(adapter, entry);
                Generation++;
            }
            entry.Users++;
        }
    }

    /// <summary>Counts one user less, and frees the adapter after the last.</summary>
    internal void Release(LoraAdapter adapter)
    {
        lock (core.Gate)
        {
            var entry = _entries[adapter];
            if (--entry.Users > 0)
                return;
            _entries.Remove(adapter);
            entry.Handle.Dispose();
        }
    }

    /// <summary>The native adapters of a set, all of which are acquired; those released meanwhile are left out.</summary>
    internal IReadOnlyList<(LlamaAdapterHandle Handle, float Scale)> Resolve(AdapterSet set)
    {
        lock (core.Gate)
        {
            return [.. set.Entries
                .Where(entry => _entries.ContainsKey(entry.Adapter))
                .Select(entry => (_entries[entry.Adapter].Handle, entry.Scale))];
        }
    }

    /// <summary>Frees all adapters; nobody uses the model any more.</summary>
    public void Dispose()
    {
        foreach (var entry in _entries.Values)
            entry.Handle.Dispose();
        _entries.Clear();
    }

    private LlamaAdapterHandle Load(string path)
    {
        try
        {
            return LlamaAdapters.Load(core.Handle, path);
        }
        catch (NativeException fault)
        {
            throw new InvalidDataException(fault.Message, fault);
        }
    }

    private sealed class Entry(LlamaAdapterHandle handle)
    {
        internal LlamaAdapterHandle Handle { get; } = handle;

        internal int Users { get; set; }
    }
}

/// <summary>A model's adapters live and end with it.</summary>
internal static class ModelCoreAdapters
{
    extension(ModelCore core)
    {
        internal AdapterRegistry Adapters => core.Attached(static core => new AdapterRegistry(core));
    }
}
