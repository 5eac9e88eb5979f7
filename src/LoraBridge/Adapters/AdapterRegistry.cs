using System.Runtime.CompilerServices;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Adapters;

/// <summary>
/// The adapters that one model has loaded, each file once, counted by those who use it: the model itself, and conversations with
/// adapters of their own. A file that has changed since it was loaded is another adapter; both may be in use.
/// </summary>
internal sealed class AdapterRegistry(ModelCore core) : IDisposable
{
    private readonly List<LoadedAdapter> _loaded = [];
    private readonly ConditionalWeakTable<LoraAdapter, LoadedAdapter> _latest = [];

    /// <summary>What an adapter last loaded, if that is still in use.</summary>
    internal LoadedAdapter? Find(LoraAdapter adapter) => _latest.TryGetValue(adapter, out var loaded) && !loaded.IsFreed ? loaded : null;

    /// <summary>Loads an adapter, or counts one user more.</summary>
    /// <exception cref="FileNotFoundException">The file is gone.</exception>
    /// <exception cref="InvalidDataException">The file is no longer a valid adapter, or llama.cpp refused it.</exception>
    /// <exception cref="AdapterMismatchException">The adapter was made for another model.</exception>
    internal LoadedAdapter Acquire(LoraAdapter adapter)
    {
        lock (core.Gate)
        {
            if (Find(adapter) is not { IsOutdated: false } loaded)
            {
                loaded = Load(adapter);
                _latest.AddOrUpdate(adapter, loaded);
            }
            if (loaded.Users++ == 0)
                _loaded.Add(loaded);
            return loaded;
        }
    }

    /// <summary>Counts one user less, and frees the adapter after the last.</summary>
    internal void Release(LoadedAdapter loaded)
    {
        lock (core.Gate)
        {
            if (--loaded.Users > 0)
                return;
            _loaded.Remove(loaded);
            loaded.Handle.Dispose();
        }
    }

    /// <summary>Frees all adapters; nobody uses the model any more.</summary>
    public void Dispose()
    {
        foreach (var loaded in _loaded)
            loaded.Handle.Dispose();
        _loaded.Clear();
    }

    /// <summary>Reads the file again: it may have changed since the object was made, or while it is being read.</summary>
    private LoadedAdapter Load(LoraAdapter adapter)
    {
        while (true)
        {
            var file = AdapterFile.Read(adapter.Path);
            AdapterMatch.CheckTensors(file, core.Files, separateOutput: false);
            AdapterMatch.CheckInvocation(file, VocabularySize());
            var name = OutputPath.RealPath(file.Path);
            var loaded = _loaded.Find(other => other.File == name && other.Stamp == file.Stamp)
                ?? new LoadedAdapter(name, file.Stamp, [.. file.InvocationTokens], Load(file.Path));
            if (!loaded.IsOutdated)
            {
                adapter.Refresh(file);
                return loaded;
            }
            if (loaded.Users == 0)
                loaded.Handle.Dispose();
        }
    }

    private int VocabularySize()
    {
        using var use = core.Enter();
        return llama_vocab_n_tokens(use.Vocabulary);
    }

    private LlamaAdapterHandle Load(string path)
    {
        try
        {
            return LlamaAdapters.Load(core.ForInference(), path);
        }
        catch (NativeException fault)
        {
            throw new InvalidDataException(fault.Message, fault);
        }
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
