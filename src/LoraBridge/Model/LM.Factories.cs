namespace LoraBridge.Model;

/// <content>Other ways to load.</content>
public sealed partial class LM
{
    /// <summary>Loads a model without blocking the caller.</summary>
    /// <inheritdoc cref="LM(string, DeviceConfiguration?, LoadingOptions?, IProgress{ModelLoadingProgress}?, CancellationToken)"/>
    public static Task<LM> LoadAsync(
        string path, DeviceConfiguration? device = null, LoadingOptions? options = null,
        IProgress<ModelLoadingProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => new LM(path, device, options, progress, cancellationToken), cancellationToken);

    /// <summary>Loads a model by its identifier. The path of an existing file is one, too.</summary>
    /// <param name="modelId">Identifier, or path of a GGUF file.</param>
    /// <param name="device">Where the model computes; null picks the best backend.</param>
    /// <param name="options">How it is loaded; null takes the defaults.</param>
    /// <param name="progress">Receives the loading progress, on the calling thread.</param>
    /// <param name="cancellationToken">Stops loading.</param>
    /// <exception cref="ArgumentException">The identifier is blank, or neither known nor the path of a file.</exception>
    /// <exception cref="InvalidDataException">The file is not a model that can be loaded.</exception>
    /// <exception cref="NativeException">The backend that was asked for is not available.</exception>
    /// <exception cref="OperationCanceledException">Loading was cancelled.</exception>
    public static LM LoadFromModelID(
        string modelId, DeviceConfiguration? device = null, LoadingOptions? options = null,
        IProgress<ModelLoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(modelId);
        return File.Exists(modelId)
            ? new LM(modelId, device, options, progress, cancellationToken)
            : throw new ArgumentException(
                $"There is no model '{modelId}': it is not a known identifier, nor the path of a GGUF file.", nameof(modelId));
    }
}
