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

    /// <summary>
    /// Loads a model by its identifier: <c>gemma3:12b</c> and other names of the <see cref="ModelCatalogue"/>, the path of a GGUF file,
    /// <c>hf:owner/repository[@revision][:quantisation]</c>, or an address. It is downloaded first if it is not on this machine;
    /// <see cref="ModelStore"/> says how and where to.
    /// </summary>
    /// <param name="modelId">The identifier.</param>
    /// <param name="device">Where the model computes; null picks the best backend.</param>
    /// <param name="options">How it is loaded; null takes the defaults.</param>
    /// <param name="progress">Receives the progress: of downloading on another thread, of loading on the calling one.</param>
    /// <param name="cancellationToken">Stops fetching and loading; what was downloaded is kept for the next time.</param>
    /// <exception cref="ArgumentException">The identifier is blank, malformed or unknown; the message gives the nearest names.</exception>
    /// <exception cref="FileNotFoundException">It is a path, and there is no such file.</exception>
    /// <exception cref="ModelLicenseException">The licence must be accepted before the first download.</exception>
    /// <exception cref="ModelDownloadException">The model could not be fetched.</exception>
    /// <exception cref="InvalidDataException">What was downloaded is damaged, or the file is not a model that can be loaded.</exception>
    /// <exception cref="IOException">The disk is full, or the cache may not be written to.</exception>
    /// <exception cref="NativeException">The backend that was asked for is not available.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static LM LoadFromModelID(
        string modelId, DeviceConfiguration? device = null, LoadingOptions? options = null,
        IProgress<ModelLoadingProgress>? progress = null, CancellationToken cancellationToken = default) =>
        new(ModelFetching.PathOf(modelId, options, progress, cancellationToken), device, options, progress, cancellationToken);

    /// <summary><see cref="LoadFromModelID"/> without blocking the caller.</summary>
    /// <inheritdoc cref="LoadFromModelID"/>
    public static Task<LM> LoadFromModelIDAsync(
        string modelId, DeviceConfiguration? device = null, LoadingOptions? options = null,
        IProgress<ModelLoadingProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => LoadFromModelID(modelId, device, options, progress, cancellationToken), cancellationToken);
}
