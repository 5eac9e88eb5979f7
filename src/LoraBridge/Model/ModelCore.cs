using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Model;

/// <summary>
/// What an <see cref="LM"/> and its conversations share: the loaded model, counted by reference, so that a conversation outlives the
/// <see cref="LM"/> it was made with.
/// </summary>
internal sealed class ModelCore
{
    private readonly Dictionary<Type, IDisposable> _attached = [];
    private int _references = 1;

    internal ModelCore(GgufModelFiles files, LlamaModelHandle handle, int threads)
    {
        Files = files;
        Handle = handle;
        Threads = threads;
    }

    /// <summary>Held while contexts or adapters are made or freed: llama.cpp does not lock the list of a model's adapters.</summary>
    internal Lock Gate { get; } = new();

    internal GgufModelFiles Files { get; }

    internal LlamaModelHandle Handle { get; }

    internal int Threads { get; }

    /// <summary>What others keep with the model, one of each type: made when it is first asked for, disposed before the model is freed.</summary>
    internal T Attached<T>(Func<ModelCore, T> create) where T : class, IDisposable
    {
        lock (Gate)
        {
            if (!_attached.TryGetValue(typeof(T), out var attached))
                _attached.Add(typeof(T), attached = create(this));
            return (T)attached;
        }
    }

    /// <exception cref="ObjectDisposedException">The last user has released it.</exception>
    internal void AddReference()
    {
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(_references == 0, typeof(LM));
            _references++;
        }
    }

    internal void Release()
    {
        lock (Gate)
        {
            if (--_references > 0)
                return;
            foreach (var attached in _attached.Values)
                attached.Dispose();
            Handle.Dispose();
            Files.Dispose();
        }
    }
}
