using LLama.Native;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraAdapter = LoraBridge.Model.LoraAdapter;

namespace LoraBridge.LLamaSharp;

/// <summary>The adapters of one context, loaded for its model.</summary>
internal sealed class ContextAdapters(SafeLLamaContextHandle context)
{
    private readonly Lock _gate = new();
    private List<Entry> _entries = [];

    internal IReadOnlyList<(LoraAdapter Adapter, float Scale)> Applied
    {
        get
        {
            lock (_gate)
                return [.. _entries.Select(entry => (entry.Adapter, entry.Scale))];
        }
    }

    internal void Apply(LoraAdapter adapter)
    {
        lock (_gate)
        {
            if (_entries.Exists(entry => entry.Adapter == adapter))
                return;
            var entry = new Entry(adapter, Load(adapter.Path), adapter.Scale);
            try
            {
                Use([.. _entries, entry]);
            }
            catch
            {
                entry.Handle.Dispose();
                throw;
            }
        }
    }

    internal void SetScale(LoraAdapter adapter, float scale)
    {
        lock (_gate)
        {
            if (!_entries.Exists(entry => entry.Adapter == adapter))
                throw new InvalidOperationException($"{adapter} is not applied to this context.");
            Use([.. _entries.Select(entry => entry.Adapter == adapter ? entry with { Scale = scale } : entry)]);
        }
    }

    internal bool Remove(LoraAdapter adapter)
    {
        lock (_gate)
        {
            if (_entries.Find(entry => entry.Adapter == adapter) is not { } removed)
                return false;
            Use([.. _entries.Where(entry => entry != removed)]);
            removed.Handle.Dispose();
            return true;
        }
    }

    private void Use(List<Entry> entries)
    {
        SharedLlama.SetAdapters(context, [.. entries.Select(entry => (entry.Handle, entry.Scale))]);
        _entries = entries;
    }

    private LlamaAdapterHandle Load(string path)
    {
        NativeRuntime.Initialize();
        // The object was read when it was made; the file may have changed since.
        var file = AdapterFile.Read(path);
        var model = context.ModelHandle;
        var architecture = SharedLlama.Metadata(model, "general.architecture");
        if (file.Architecture != architecture)
        {
            throw new AdapterMismatchException(
                $"{path}: the adapter is for the architecture '{file.Architecture}', expected '{architecture}', that of the model.", []);
        }
        try
        {
            return SharedLlama.LoadAdapter(model, path);
        }
        catch (NativeException fault)
        {
            throw new InvalidDataException(fault.Message, fault);
        }
    }

    private sealed record Entry(LoraAdapter Adapter, LlamaAdapterHandle Handle, float Scale);
}
