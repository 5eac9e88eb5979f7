using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Model;

/// <summary>
/// What an <see cref="LM"/> and its conversations share: the loaded model, counted by reference, so that a conversation outlives the
/// <see cref="LM"/> it was made with.
/// </summary>
internal sealed class ModelCore
{
    private readonly Dictionary<Type, object> _attached = [];
    private int _references = 1;

    internal ModelCore(
        GgufModelFiles files, LlamaModelHandle handle, int threads, IReadOnlyList<DevicePtr> cacheDevices, InferenceOptions inference)
    {
        Files = files;
        Handle = handle;
        Threads = threads;
        CacheDevices = cacheDevices;
        Inference = inference;
    }

    /// <summary>
    /// Held while contexts or adapters are made or freed, and while a context sizes its graphs: llama.cpp walks over the list of a
    /// model's adapters without locking it.
    /// </summary>
    internal Lock Gate { get; } = new();

    internal GgufModelFiles Files { get; }

    internal LlamaModelHandle Handle { get; }

    internal int Threads { get; }

    /// <summary>Where keys and values of contexts are kept: the devices that hold layers, the CPU when none does.</summary>
    internal IReadOnlyList<DevicePtr> CacheDevices { get; }

    /// <summary>How conversations share contexts.</summary>
    internal InferenceOptions Inference { get; }

    /// <summary>What others keep with the model, one of each type: made when it is first asked for, disposed before the model is freed.</summary>
    internal T Attached<T>(Func<ModelCore, T> create) where T : class
    {
        lock (_attached)
        {
            if (!_attached.TryGetValue(typeof(T), out var attached))
                _attached.Add(typeof(T), attached = create(this));
            return (T)attached;
        }
    }

    /// <summary>A reference for as long as a native call uses the model.</summary>
    /// <exception cref="ObjectDisposedException">The last user has released it.</exception>
    internal Use Enter()
    {
        AddReference();
        return new Use(this);
    }

    /// <exception cref="ObjectDisposedException">The last user has released it.</exception>
    internal void AddReference()
    {
        int count;
        do
        {
            count = Volatile.Read(ref _references);
            ObjectDisposedException.ThrowIf(count == 0, typeof(LM));
        }
        while (Interlocked.CompareExchange(ref _references, count + 1, count) != count);
    }

    internal void Release()
    {
        if (Interlocked.Decrement(ref _references) > 0)
            return;
        lock (Gate)
        {
            foreach (var attached in _attached.Values.OfType<IDisposable>())
                attached.Dispose();
            Handle.Dispose();
            Files.Dispose();
        }
    }

    /// <summary>Releases the reference that <see cref="Enter"/> took.</summary>
    internal readonly ref struct Use(ModelCore core)
    {
        public void Dispose() => core.Release();
    }
}
