namespace LoraBridge.Model.Store;

/// <summary>What a user may write for a model.</summary>
internal abstract record ModelIdentifier
{
    private static readonly string[] HubHosts = ["huggingface.co", "www.huggingface.co", "hf.co"];

    /// <summary>A file on this machine.</summary>
    internal sealed record LocalFile(string Path) : ModelIdentifier;

    /// <summary>Files of a repository: one that is named, or the one with a quantisation in its name.</summary>
    internal sealed record HubFile(string Repository, string? Revision, string? Quantization, string? File) : ModelIdentifier;

    /// <summary>A file anywhere.</summary>
    internal sealed record Address(Uri Uri, string? Sha256) : ModelIdentifier;

    /// <summary>A model that Ollama has fetched.</summary>
    internal sealed record Ollama(string Name) : ModelIdentifier;

    /// <summary>A name of the catalogue.</summary>
    internal sealed record Named(CatalogueModel Model) : ModelIdentifier;

    /// <summary>Reads what a user wrote; paths of files that exist come first.</summary>
    /// <exception cref="ArgumentException">It is blank, malformed, or no name that is known; the message says what is expected.</exception>
    /// <exception cref="FileNotFoundException">It can only be a path, and there is no such file.</exception>
    internal static ModelIdentifier Parse(string text, ModelStoreOptions options)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        if (File.Exists(text))
            return new LocalFile(Path.GetFullPath(text));
        if (text.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            return Uri.TryCreate(text, UriKind.Absolute, out var file) && file.IsFile ? Existing(file.LocalPath) : throw Malformed(text, "a file: URI");
        if (Prefixed(text, "hf:") is { } hub)
            return ParseHub(hub, text);
        if (Prefixed(text, "hf.co/") is { } page)
            return ParseHub(page, text);
        if (Prefixed(text, "ollama:") is { } ollama)
            return new Ollama(ollama);
        if (text.Contains("://", StringComparison.Ordinal))
            return ParseAddress(text, options);
        if (options.Catalogue.Find(text) is { } model)
            return new Named(model);
        if (Directory.Exists(text))
            throw new UnauthorizedAccessException($"{text} is a folder, expected a GGUF file.");
        if (text.Contains('/', StringComparison.Ordinal) && SafeNames.IsRepository(text.Split(':')[0]))
            throw new FileNotFoundException($"There is no model file {text}; a repository on the hub is written hf:{text}.", text);
        if (text.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || text.AsSpan().ContainsAny('/', '\\'))
            throw new FileNotFoundException($"There is no model file {text}.", text);
        options.Catalogue.Get(text);
        throw Malformed(text, "a model");
    }

    /// <summary>The identifier that finds a file of a repository again.</summary>
    internal static string Of(string repository, string? revision, string file) =>
        $"hf:{repository}{(revision is null or "main" ? "" : $"@{Uri.EscapeDataString(revision)}")}/{file}";

    private static LocalFile Existing(string path) =>
        File.Exists(path) ? new LocalFile(Path.GetFullPath(path)) : throw new FileNotFoundException($"There is no model file {path}.", path);

    /// <summary><c>owner/repo[@revision][:quant|/path/file.gguf]</c>.</summary>
    private static HubFile ParseHub(string text, string whole)
    {
        const string Expected = "hf:owner/repository[@revision][:quantisation or /path/file.gguf]";
        var parts = text.Split('/', 3);
        if (parts.Length < 2)
            throw Malformed(whole, Expected);
        var (name, quantization) = Cut(parts[1], ':');
        (name, var revision) = Cut(name, '@');
        var repository = $"{parts[0]}/{name}";
        var file = parts.Length == 3 ? parts[2] : null;
        revision = revision is null ? null : Uri.UnescapeDataString(revision);
        if (!SafeNames.IsRepository(repository)
            || (revision is not null && !SafeNames.IsRelativePath(revision))
            || (file is not null && (quantization is not null || !SafeNames.IsRelativePath(file)))
            || quantization is "")
        {
            throw Malformed(whole, Expected);
        }
        return new HubFile(repository, revision, quantization is null || quantization.Equals("latest", StringComparison.OrdinalIgnoreCase) ? null : quantization, file);
    }

    private static ModelIdentifier ParseAddress(string text, ModelStoreOptions options)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw Malformed(text, "an http or https address");
        if (uri.UserInfo.Length > 0)
            throw new ArgumentException("The address of a model must not hold a password.");
        string? sha256 = null;
        if (uri.Fragment.Length > 1)
        {
            sha256 = uri.Fragment.StartsWith("#sha256=", StringComparison.OrdinalIgnoreCase) ? uri.Fragment["#sha256=".Length..].ToLowerInvariant() : null;
            if (sha256 is null || !Sha256Hex.Is(sha256))
                throw Malformed(text, "#sha256= and 64 hexadecimal digits after the address");
        }
        if (ParsePastedPage(uri, options.Endpoint) is { } file && sha256 is null)
            return file;
        var name = Uri.UnescapeDataString(uri.Segments[^1]);
        return name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && SafeNames.IsName(name)
            ? new Address(new UriBuilder(uri) { Fragment = "" }.Uri, sha256)
            : throw Malformed(text, "an address that ends in the name of a .gguf file");
    }

    /// <summary>A page or file of the hub as it is copied from a browser: <c>owner/repo[/resolve|blob|tree/revision[/file]]</c>.</summary>
    private static HubFile? ParsePastedPage(Uri uri, Uri endpoint)
    {
        var isEndpoint = uri.Scheme == endpoint.Scheme && uri.Authority == endpoint.Authority;
        if (!isEndpoint && !HubHosts.Contains(uri.Host, StringComparer.OrdinalIgnoreCase))
            return null;
        var path = uri.AbsolutePath;
        if (isEndpoint && endpoint.AbsolutePath.Length > 1)
        {
            var prefix = endpoint.AbsolutePath.TrimEnd('/') + "/";
            if (!path.StartsWith(prefix, StringComparison.Ordinal))
                return null;
            path = path[prefix.Length..];
        }
        string[] parts = [.. path.Trim('/').Split('/').Select(Uri.UnescapeDataString)];
        var (kind, revision, file) = parts.Length > 3 ? (parts[2], parts[3], string.Join('/', parts[4..])) : (null, null, "");
        if (parts.Length is not (2 or > 3) || !SafeNames.IsRepository($"{parts[0]}/{parts[1]}") || kind is not (null or "resolve" or "blob" or "tree")
            || (revision is not null && !SafeNames.IsRelativePath(revision)) || (file.Length > 0 && !SafeNames.IsRelativePath(file)))
        {
            throw Malformed(uri.OriginalString, "the page of a repository or of one of its files");
        }
        return new HubFile($"{parts[0]}/{parts[1]}", revision == "main" ? null : revision, null, file.Length > 0 ? file : null);
    }

    private static string? Prefixed(string text, string prefix) =>
        text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? text[prefix.Length..] : null;

    private static (string Before, string? After) Cut(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
    }

    private static ArgumentException Malformed(string text, string expected) => new($"'{SafeNames.Printable(text)}' names no model, expected {expected}.");
}
