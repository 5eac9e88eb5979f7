using System.Text;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Loads models.</summary>
internal static unsafe class LlamaModels
{
    /// <summary>Loads the model file at <paramref name="path"/>.</summary>
    /// <exception cref="NativeException">llama.cpp could not load it; the message ends with what it logged.</exception>
    /// <exception cref="OperationCanceledException">The progress callback answered false.</exception>
    internal static LlamaModelHandle Load(string path, LlamaModelLoadOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        NativeRuntime.Initialize();
        options ??= new LlamaModelLoadOptions();
        var cancelled = false;
        using var progress = new ProgressCallback(value => !(cancelled = !(options.Progress?.Invoke(value) ?? true)));
        using var memory = new NativeScope();

        var parameters = options.Parameters ?? llama_model_default_params();
        if (options.Devices is { } devices)
            parameters.devices = memory.Copy<DevicePtr>([.. devices, default]);
        if (options.TensorSplit is { Count: > 0 } split)
            parameters.tensor_split = memory.Copy<float>(Split(split));
        if (options.BufferOverrides is { Count: > 0 } overrides)
            parameters.tensor_buft_overrides = memory.Copy<LlamaTensorBufferOverride>(Overrides(overrides, memory));
        if (options.MetadataOverrides is { Count: > 0 } metadata)
            parameters.kv_overrides = memory.Copy<LlamaModelKvOverride>([.. metadata.Select(value => value.ToNative()), default]);
        parameters.progress_callback = ProgressCallback.Function;
        parameters.progress_callback_user_data = progress.UserData;

        NativeLog.Clear();
        var model = llama_model_load_from_file(path, parameters);
        if (model.IsNull)
        {
            progress.ThrowIfFaulted();
            if (cancelled)
                throw new OperationCanceledException($"Loading {path} was cancelled.");
        }
        return new LlamaModelHandle(model, $"The model {path} could not be loaded.");
    }

    private static float[] Split(IReadOnlyList<float> split)
    {
        // llama.cpp reads one share for every device it could have, whatever the list's length.
        var shares = new float[(int)llama_max_devices()];
        if (split.Count > shares.Length)
            throw new ArgumentException($"There are at most {shares.Length} devices; found {split.Count} shares.");
        for (var i = 0; i < split.Count; i++)
            shares[i] = split[i];
        return shares;
    }

    private static LlamaTensorBufferOverride[] Overrides(IReadOnlyList<(string Pattern, BufferTypePtr Type)> overrides, NativeScope memory)
    {
        var natives = new LlamaTensorBufferOverride[overrides.Count + 1];
        for (var i = 0; i < overrides.Count; i++)
            natives[i] = new() { pattern = memory.Copy<byte>(Encoding.UTF8.GetBytes(overrides[i].Pattern + '\0')), buft = overrides[i].Type };
        return natives;
    }
}
