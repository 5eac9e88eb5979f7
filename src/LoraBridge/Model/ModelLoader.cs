using LoraBridge.Formats;
using LoraBridge.Model.Checks;
using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Model;

/// <summary>The one way in which model files reach llama.cpp: checked first.</summary>
internal static class ModelLoader
{
    /// <summary>More layers than any model has: llama.cpp reads it as all of them, and the output too.</summary>
    private const int AllLayers = 9999;

    /// <summary>Opens and checks a model without native code.</summary>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no model that llama.cpp can be given.</exception>
    internal static GgufModelFiles Open(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        path = Path.GetFullPath(path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no model file {path}.", path);
        var files = GgufModelFiles.Open(path);
        try
        {
            ModelFileCheck.Check(files);
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Loads a model that <see cref="Open"/> has checked.</summary>
    /// <exception cref="InvalidDataException">llama.cpp refused the file; the message ends with what it logged.</exception>
    /// <exception cref="OperationCanceledException">Loading was cancelled.</exception>
    internal static LlamaModelHandle Load(
        GgufModelFiles files, NativeLoadOptions options, IProgress<ModelLoadingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        NativeRuntime.Initialize();
        var path = files.Files[0].Path;
        var parameters = llama_model_default_params();
        parameters.n_gpu_layers = options.Devices.Count == 0 ? 0 : options.GpuLayers ?? AllLayers;
        parameters.load_mode = options.UseMemoryMap ? LlamaLoadMode.Mmap : LlamaLoadMode.None;
        parameters.use_extra_bufts = options.UseExtraBuffers;
        parameters.vocab_only = options.VocabOnly;
        try
        {
            var model = LlamaModels.Load(path, new LlamaModelLoadOptions
            {
                Parameters = parameters,
                Devices = options.Devices,
                MetadataOverrides = options.MetadataOverrides,
                Progress = fraction =>
                {
                    progress?.Report(new ModelLoadingProgress(path, fraction));
                    return !cancellationToken.IsCancellationRequested;
                },
            });
            return LoadedModelCheck.Check(model, path);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException($"Loading {path} was cancelled.", cancellationToken);
        }
        catch (NativeException fault)
        {
            throw new InvalidDataException(fault.Message, fault);
        }
    }

    /// <inheritdoc cref="Load(GgufModelFiles, NativeLoadOptions, IProgress{ModelLoadingProgress}?, CancellationToken)"/>
    internal static LlamaModelHandle Load(
        string path, NativeLoadOptions options, IProgress<ModelLoadingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using var files = Open(path);
        return Load(files, options, progress, cancellationToken);
    }
}
