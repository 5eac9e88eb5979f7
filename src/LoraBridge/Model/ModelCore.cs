using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Model;

/// <summary>
/// What an <see cref="LM"/> and its conversations share: the loaded model, counted by reference, so that a conversation outlives the
/// <see cref="LM"/> it was made with.
/// </summary>
/// <remarks>
/// Weights that are repacked for inference serve for nothing else, and training computes with plain ones. So the model is loaded plain, and
/// loaded again, repacked, once the first context or adapter needs it: who only trains pays for no second layout, and who only generates
/// text has none but the fast one, since the plain weights are freed then.
/// </remarks>
internal sealed class ModelCore
{
    private readonly Dictionary<Type, object> _attached = [];
    private readonly FileStamp[] _stamps;
    private SharedModel _model;
    private NativeLoadOptions? _forInference;
    private bool _isLent;
    private int _references = 1;

    /// <param name="files">The model's files.</param>
    /// <param name="handle">The model, loaded from them.</param>
    /// <param name="threads">Threads of computations on the CPU.</param>
    /// <param name="cacheDevices">Where keys and values of contexts are kept.</param>
    /// <param name="inference">How conversations share contexts.</param>
    /// <param name="forInference">How it is loaded again before it is first used for inference; null where it serves for that as it is.</param>
    internal ModelCore(
        GgufModelFiles files, LlamaModelHandle handle, int threads, IReadOnlyList<DevicePtr> cacheDevices, InferenceOptions inference,
        NativeLoadOptions? forInference = null)
    {
        Files = files;
        Threads = threads;
        CacheDevices = cacheDevices;
        Inference = inference;
        (_model, _forInference) = (new SharedModel(handle), forInference);
        _stamps = Stamps();
    }

    /// <summary>
    /// Held while contexts or adapters are made or freed, and while a context sizes its graphs: llama.cpp walks over the list of a
    /// model's adapters without locking it.
    /// </summary>
    internal Lock Gate { get; } = new();

    internal GgufModelFiles Files { get; }

    internal int Threads { get; }

    /// <summary>Where keys and values of contexts are kept: the devices that hold layers, the CPU when none does.</summary>
    internal IReadOnlyList<DevicePtr> CacheDevices { get; }

    /// <summary>How conversations share contexts.</summary>
    internal InferenceOptions Inference { get; }

    /// <summary>Whether the model has not been used for inference yet, for which it is loaded again.</summary>
    internal bool IsPlain => Volatile.Read(ref _forInference) is not null;

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

    /// <summary>The model that contexts and adapters are made with; to be called, and the model used, under <see cref="Gate"/>.</summary>
    /// <exception cref="InvalidDataException">The file has changed since the model was loaded.</exception>
    internal LlamaModelHandle ForInference()
    {
        lock (Gate)
        {
            if (_forInference is { } options)
            {
                var plain = _model;
                Volatile.Write(ref _model, new SharedModel(LoadAgain(options)));
                Volatile.Write(ref _forInference, null);
                plain.Release();
            }
            return _model.Handle;
        }
    }

    /// <summary>
    /// A plain model for one training, which makes contexts and adapters with it as nobody else does: that which is loaded, as long as it is
    /// plain and no other training has it, or one of its own.
    /// </summary>
    /// <param name="overrides">Metadata to read otherwise than the file has them.</param>
    /// <param name="cancellationToken">Stops loading.</param>
    /// <exception cref="InvalidDataException">The file has changed since the model was loaded.</exception>
    /// <exception cref="OperationCanceledException">Loading was cancelled.</exception>
    internal TrainingModel ForTraining(IReadOnlyList<LlamaMetadataOverride> overrides, CancellationToken cancellationToken)
    {
        lock (Gate)
        {
            if (_forInference is not null && !_isLent && overrides.Count == 0 && _model.TryUse())
            {
                _isLent = true;
                return new TrainingModel(_model, () => Volatile.Write(ref _isLent, false));
            }
        }
        return new TrainingModel(new SharedModel(LoadAgain(new NativeLoadOptions { UseExtraBuffers = false, MetadataOverrides = overrides }, cancellationToken)));
    }

    private LlamaModelHandle LoadAgain(NativeLoadOptions options, CancellationToken cancellationToken = default)
    {
        var changed = Array.FindIndex(Stamps(), stamp => !_stamps.Contains(stamp));
        return changed < 0
            ? ModelLoader.Load(Files, options, cancellationToken: cancellationToken)
            : throw new InvalidDataException($"{Files.Files[changed].Path} was changed or removed after the model was loaded, and its weights are needed again: load it anew.");
    }

    /// <summary>A reference for as long as a native call uses the model.</summary>
    /// <exception cref="ObjectDisposedException">The last user has released it.</exception>
    internal Use Enter()
    {
        AddReference();
        while (true)
        {
            var model = Volatile.Read(ref _model);
            if (model.TryUse())
                return new Use(this, model);
        }
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
            _model.Release();
            Files.Dispose();
        }
    }

    private FileStamp[] Stamps() => [.. Files.Files.Select(file => FileStamp.Of(file.Path))];

    /// <summary>Releases the references that <see cref="Enter"/> took.</summary>
    internal readonly ref struct Use(ModelCore core, SharedModel model)
    {
        /// <summary>The model as it is loaded now.</summary>
        internal LlamaModelPtr Model => model.Handle.Pointer;

        internal VocabPtr Vocabulary => Llama.llama_model_get_vocab(Model);

        public void Dispose()
        {
            model.Release();
            core.Release();
        }
    }
}

/// <summary>A loaded model, freed by the last of its users.</summary>
internal sealed class SharedModel(LlamaModelHandle handle)
{
    private int _users = 1;

    internal LlamaModelHandle Handle => handle;

    /// <summary>Counts one user more; false when the last is gone.</summary>
    internal bool TryUse()
    {
        int count;
        do
        {
            count = Volatile.Read(ref _users);
            if (count == 0)
                return false;
        }
        while (Interlocked.CompareExchange(ref _users, count + 1, count) != count);
        return true;
    }

    internal void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            handle.Dispose();
    }
}

/// <summary>A model to train with: that of an <see cref="LM"/>, given back in the end, or one of its own.</summary>
internal sealed class TrainingModel(SharedModel model, Action? giveBack = null) : IDisposable
{
    internal LlamaModelHandle Handle => model.Handle;

    /// <summary>Whether it is that of the <see cref="LM"/>.</summary>
    internal bool IsShared => giveBack is not null;

    public void Dispose()
    {
        model.Release();
        giveBack?.Invoke();
    }
}
