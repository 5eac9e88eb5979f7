namespace LoraBridge.Model;

/// <summary>From what a user calls a model to the file that is loaded.</summary>
internal static class ModelFetching
{
    /// <summary>The file of a model; it is downloaded if need be.</summary>
    /// <inheritdoc cref="ModelStore.PullAsync" path="/exception"/>
    internal static string PathOf(
        string id, LoadingOptions? options, IProgress<ModelLoadingProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(id);
        // A path needs no store, and none of what its options would read.
        if (File.Exists(id))
            return id;
        var store = options?.Store ?? new ModelStore();
        return store.PullAsync(id, progress is null ? null : new Relay(progress), cancellationToken).GetAwaiter().GetResult().Path;
    }

    /// <inheritdoc cref="PathOf(string, LoadingOptions?, IProgress{ModelLoadingProgress}?, CancellationToken)"/>
    internal static string PathOf(
        Uri uri, LoadingOptions? options, IProgress<ModelLoadingProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(uri);
        if (!uri.IsAbsoluteUri)
            throw new ArgumentException($"{uri} names no model, expected an absolute URI.", nameof(uri));
        return uri.IsFile ? uri.LocalPath : PathOf(uri.OriginalString, options, progress, cancellationToken);
    }

    private sealed class Relay(IProgress<ModelLoadingProgress> progress) : IProgress<ModelDownloadProgress>
    {
        public void Report(ModelDownloadProgress value) => progress.Report(
            new ModelLoadingProgress(value.Model, value.Fraction) { Stage = ModelLoadingStage.Fetching, Download = value });
    }
}
