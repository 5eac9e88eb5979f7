using LoraBridge.Formats;
using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Model;

/// <summary>A language model in a GGUF file, loaded for inference.</summary>
/// <remarks>
/// All members may be called from several threads. Conversations keep the weights alive: disposing the model while one still runs is
/// safe, and the memory is freed with the last of them.
/// </remarks>
public sealed partial class LM : IDisposable
{
    private readonly ModelCore _core;
    private bool _disposed;

    /// <summary>Loads a model.</summary>
    /// <param name="path">GGUF file; of a model in several files the first.</param>
    /// <param name="device">Where the model computes; null picks the best backend.</param>
    /// <param name="options">How it is loaded; null takes the defaults.</param>
    /// <param name="progress">Receives the loading progress, on the calling thread.</param>
    /// <param name="cancellationToken">Stops loading.</param>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="FileNotFoundException">There is no such file, or a part of the model is missing.</exception>
    /// <exception cref="InvalidDataException">The file is not a model that can be loaded.</exception>
    /// <exception cref="NativeException">The backend that was asked for is not available.</exception>
    /// <exception cref="InsufficientMemoryException">The device that was asked for has less memory free than the model needs.</exception>
    /// <exception cref="OperationCanceledException">Loading was cancelled.</exception>
    public LM(
        string path, DeviceConfiguration? device = null, LoadingOptions? options = null,
        IProgress<ModelLoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        device ??= new DeviceConfiguration();
        options ??= new LoadingOptions();
        cancellationToken.ThrowIfCancellationRequested();
        var files = ModelLoader.Open(path);
        try
        {
            NativeRuntime.Initialize(new NativeRuntimeOptions { Logger = options.Logger });
            var (selected, available) = Backends.Select(device.Backend);
            var (backend, devices) = DeviceFit.Choose(files, device, selected, available, DeviceMemory.Available);
            var forInference = new NativeLoadOptions
            {
                Devices = devices,
                GpuLayers = device.GpuLayers,
                UseExtraBuffers = options.RepackWeights,
                UseMemoryMap = options.UseMemoryMap,
            };
            var repacksLater = options.RepackWeights && devices.Count == 0;
            var handle = ModelLoader.Load(files, repacksLater ? forInference with { UseExtraBuffers = false } : forInference, progress, cancellationToken);
            var onDevices = device.GpuLayers == 0 ? [] : devices;
            _core = new ModelCore(files, handle, device.Threads, onDevices, options.Inference, repacksLater ? forInference : null);
            Backend = backend;
            IsBackendNamed = device.Backend != ComputeBackend.Auto;
            PlaceReason = ReasonFor(device, selected, backend);
        }
        catch
        {
            files.Dispose();
            throw;
        }
        Metadata = MetadataText.Of(Files.Metadata);
        Name = Metadata.TryGetValue("general.name", out var name) && name.Length > 0 ? name : System.IO.Path.GetFileNameWithoutExtension(Path);
        using (var use = _core.Enter())
        {
            ParameterCount = (long)llama_model_n_params(use.Model);
            LayerCount = llama_model_n_layer(use.Model);
            ContextLength = llama_model_n_ctx_train(use.Model);
            EmbeddingSize = llama_model_n_embd(use.Model);
        }
        QuantizationType = QuantizationOf(Files.Metadata);
        _vocabulary = new Vocabulary(_core);
        ChatTemplate = options.ChatTemplate ?? (Files.Metadata.TryGetString("tokenizer.chat_template", out var template) ? template : null);
    }

    /// <summary>The devices that hold layers, which is where training computes; none is the CPU.</summary>
    internal IReadOnlyList<DevicePtr> TrainingDevices => _core.CacheDevices;

    /// <summary>Whether the backend was asked for by name: then nothing may fall back to another.</summary>
    internal bool IsBackendNamed { get; }

    /// <summary>Why the model is where it is.</summary>
    internal string PlaceReason { get; }

    /// <summary>Loads a model by a URI: that of a local file, an address that is downloaded first, or <c>hf:owner/repository</c>.</summary>
    /// <param name="uri">A <c>file:</c>, <c>https:</c>, <c>http:</c> or <c>hf:</c> URI; an address may end in <c>#sha256=</c> and the hash.</param>
    /// <param name="device">Where the model computes; null picks the best backend.</param>
    /// <param name="options">How it is loaded; null takes the defaults.</param>
    /// <param name="progress">Receives the progress of downloading and loading.</param>
    /// <param name="cancellationToken">Stops fetching and loading.</param>
    /// <exception cref="ArgumentException">The URI names no model.</exception>
    /// <inheritdoc cref="LoadFromModelID" path="/exception"/>
    public LM(
        Uri uri, DeviceConfiguration? device = null, LoadingOptions? options = null,
        IProgress<ModelLoadingProgress>? progress = null, CancellationToken cancellationToken = default)
        : this(ModelFetching.PathOf(uri, options, progress, cancellationToken), device, options, progress, cancellationToken)
    {
    }

    /// <summary>The model's name as its file gives it, else the name of the file.</summary>
    public string Name { get; }

    /// <summary>The architecture, such as <c>llama</c> or <c>gemma3</c>.</summary>
    public string Architecture => Files.Metadata.GetString("general.architecture");

    /// <summary>Number of weights.</summary>
    public long ParameterCount { get; }

    /// <summary>Number of layers.</summary>
    public int LayerCount { get; }

    /// <summary>The context length in tokens that the model was trained with.</summary>
    public int ContextLength { get; }

    /// <summary>D, the width of the hidden state.</summary>
    public int EmbeddingSize { get; }

    /// <summary>How the weights are stored, such as <c>Q4_K - Medium</c>.</summary>
    public string QuantizationType { get; }

    /// <summary>The metadata of the file as text; arrays are shown by type and length.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The backend in use: <c>cpu</c>, <c>cuda</c>, <c>vulkan</c> or <c>metal</c>.</summary>
    public string Backend { get; }

    /// <summary>The file that the model was loaded from.</summary>
    internal string Path => Files.Files[0].Path;

    internal GgufModelFiles Files => _core.Files;

    /// <summary>Threads of computations on the CPU.</summary>
    internal int Threads => _core.Threads;

    /// <summary>The shared state, for those who hold a reference on it.</summary>
    internal ModelCore SharedCore => _core;

    /// <summary>The shared state, for those who outlive this object.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    internal ModelCore Core
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
            return _core;
        }
    }

    /// <summary>A reference for as long as a native call uses the model.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    internal ModelCore.Use Enter() => Core.Enter();

    /// <summary>Frees the model once no conversation uses it any more.</summary>
    public void Dispose()
    {
        lock (_adaptersGate)
        {
            if (_disposed)
                return;
            Volatile.Write(ref _disposed, true);
        }
        _core.Release();
    }

    /// <param name="device">What was asked for.</param>
    /// <param name="selected">The backend that it led to.</param>
    /// <param name="backend">The backend that has the memory.</param>
    private static string ReasonFor(DeviceConfiguration device, string selected, string backend) => device switch
    {
        { Backend: ComputeBackend.Cpu } => "asked for by name",
        { GpuLayers: 0 } when selected != "cpu" => $"no layer was to be kept on {selected}",
        { Backend: not ComputeBackend.Auto } => "asked for by name",
        _ when backend != selected => $"the memory of {selected} is too small for the model",
        _ when backend == "cpu" => "no GPU was found",
        _ => "the model is there, the fastest place that was found",
    };

    private static string QuantizationOf(GgufMetadata metadata) =>
        metadata.TryGetInt32("general.file_type", out var type) && ((LlamaFileType)type).IsDefined()
            ? ((LlamaFileType)type).Name()
            : "unknown";
}
