using LoraBridge.Model.Store;

namespace LoraBridge.Model;

/// <summary>
/// The models of this machine: finds them by name, and downloads what is missing. They are kept in Hugging Face's cache folder, in its
/// layout, so that nothing is downloaded twice between tools; what llama.cpp, Ollama and LM Studio have fetched is used, too.
/// </summary>
/// <remarks>
/// An identifier is the path of a GGUF file, a name of the <see cref="ModelCatalogue"/> (<c>gemma3:12b</c>, <c>qwen2.5:1.5b-q8_0</c>), files
/// of a repository (<c>hf:owner/repository[@revision][:quantisation]</c> or <c>hf:owner/repository/path/file.gguf</c>), an address
/// (<c>https://host/file.gguf[#sha256=...]</c>), or <c>ollama:name[:tag]</c> for what Ollama has. Each download is verified by its SHA-256
/// while it arrives, resumes where it was interrupted, even after a crash, and gets its name only once it is complete and correct. All
/// methods may be called from several threads and processes at once.
/// </remarks>
/// <example>
/// <code>
/// var store = new ModelStore();
/// var model = await store.PullAsync("gemma3:12b", new Progress&lt;ModelDownloadProgress&gt;(state => Show(state.Fraction)));
/// using var lm = new LM(model.Path);
/// </code>
/// </example>
public sealed partial class ModelStore
{
    /// <summary>Creates a store; nothing is read or written yet but the options of the environment.</summary>
    /// <param name="options">Where it keeps models and fetches them from; null takes <see cref="ModelStoreOptions.FromEnvironment"/>.</param>
    /// <exception cref="ArgumentException">An option is of no use; the message says which.</exception>
    /// <exception cref="InvalidDataException">The user's catalogue cannot be read.</exception>
    public ModelStore(ModelStoreOptions? options = null)
    {
        options ??= ModelStoreOptions.FromEnvironment();
        ArgumentException.ThrowIfNullOrWhiteSpace(options.CacheDirectory, nameof(options));
        ArgumentException.ThrowIfNullOrWhiteSpace(options.HomeDirectory, nameof(options));
        if (options.StallTimeout <= TimeSpan.Zero)
            throw new ArgumentOutOfRangeException(nameof(options), options.StallTimeout, "The stall timeout must be positive.");
        if (!options.Endpoint.IsAbsoluteUri || options.Endpoint.Scheme is not ("http" or "https"))
            throw new ArgumentException($"The endpoint is '{options.Endpoint}', expected an http or https address.", nameof(options));
        if (options.AccessToken?.Any(letter => letter is <= ' ' or > '~') == true)
            throw new ArgumentException("The token holds blanks or other characters that no token has.", nameof(options));
        Options = options with
        {
            CacheDirectory = Path.GetFullPath(options.CacheDirectory),
            HomeDirectory = Path.GetFullPath(options.HomeDirectory),
            OtherDirectories = [.. options.OtherDirectories.Select(Path.GetFullPath)],
        };
    }

    /// <summary>Where it keeps models and fetches them from.</summary>
    public ModelStoreOptions Options { get; private set; }

    /// <summary>Returns the model, downloading what is missing on this machine.</summary>
    /// <param name="id">Any identifier; see the remarks of this class.</param>
    /// <param name="progress">Receives the progress, on another thread.</param>
    /// <param name="cancellationToken">Stops it; what has arrived is kept for the next time.</param>
    /// <exception cref="ArgumentException">The identifier is blank, malformed or unknown; the message gives the nearest names.</exception>
    /// <exception cref="FileNotFoundException">It is a path, and there is no such file.</exception>
    /// <exception cref="ModelLicenseException">The licence must be accepted first.</exception>
    /// <exception cref="ModelDownloadException">The model could not be fetched.</exception>
    /// <exception cref="InvalidDataException">What came is not what the catalogue or the hub says; nothing of it is left.</exception>
    /// <exception cref="IOException">The disk is full, or the cache may not be written to; what has arrived is kept.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<StoredModel> PullAsync(string id, IProgress<ModelDownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(id);
        return Task.Run(async () =>
        {
            using var resolver = new ModelResolver(Options, id, progress);
            return await resolver.PullAsync(cancellationToken);
        }, cancellationToken);
    }

    /// <summary>Returns the model if it is on this machine, else null. The network is never used.</summary>
    /// <param name="id">Any identifier.</param>
    /// <param name="progress">Receives the progress of reading files of other tools that were not verified before.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="ArgumentException">The identifier is blank, malformed or unknown; the message gives the nearest names.</exception>
    /// <exception cref="FileNotFoundException">It is a path, and there is no such file.</exception>
    public Task<StoredModel?> FindAsync(string id, IProgress<ModelDownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(id);
        return Task.Run(async () =>
        {
            using var resolver = new ModelResolver(Options, id, progress);
            return await resolver.FindAsync(cancellationToken);
        }, cancellationToken);
    }
}
