using System.Globalization;
using System.Text.Json;

namespace LoraBridge.Model.Store;

/// <summary>A file as the hub describes it before it is fetched.</summary>
/// <param name="Location">Where its bytes come from.</param>
/// <param name="Commit">The commit that it is of; null when the hub does not say.</param>
/// <param name="ETag">The hub's name for the content; null when it does not say.</param>
/// <param name="Sha256">The content's SHA-256; null when the hub does not say. The ETag of a CDN, or 40 digits of git, are none.</param>
/// <param name="Size">Bytes; null when the hub does not say.</param>
internal sealed record RemoteFile(Uri Location, string? Commit, string? ETag, string? Sha256, long? Size);

/// <summary>An entry of a repository's listing.</summary>
internal sealed record ListedFile(string Path, long? Size, string? Sha256);

/// <summary>The hub's protocol: what Hugging Face's <c>resolve</c> and <c>tree</c> addresses return.</summary>
internal sealed class HubClient(HubRequests requests, ModelStoreOptions options)
{
    private const int LongestListing = 32 << 20;
    private const int MostPages = 50;

    private readonly Uri _endpoint = new(options.Endpoint.AbsoluteUri.TrimEnd('/') + "/");

    /// <summary>The page of a repository, for people.</summary>
    internal Uri Page(string repository) => new(_endpoint, repository);

    internal Uri FileAddress(string repository, string revision, string file) =>
        new(_endpoint, $"{repository}/resolve/{Uri.EscapeDataString(revision)}/{Escaped(file)}");

    /// <summary>Asks what a file is.</summary>
    /// <exception cref="TransientFault">It may work if tried again.</exception>
    /// <exception cref="ModelDownloadException">There is no such file, it may not be read, or the answer makes no sense.</exception>
    internal async Task<RemoteFile> HeadAsync(string repository, string revision, string file, CancellationToken cancellationToken)
    {
        var uri = FileAddress(repository, revision, file);
        using var response = await requests.SendAsync(() => new HttpRequestMessage { Method = HttpMethod.Head }, uri, stayOnHost: true, cancellationToken);
        var redirected = HubRequests.IsRedirect(response.StatusCode);
        if (!redirected && !response.IsSuccessStatusCode)
            throw HubFaults.Of(response, uri, $"{repository}@{revision}/{file}", Page(repository), options.TimeProvider);
        var linked = Unquoted(HubFaults.First(response, "X-Linked-Etag"));
        var commit = HubFaults.First(response, "X-Repo-Commit");
        return new RemoteFile(
            redirected ? HubRequests.Next(response.RequestMessage?.RequestUri ?? uri, response) : uri,
            commit is not null && Sha256Hex.IsCommit(commit) ? commit : null,
            linked ?? Unquoted(HubFaults.First(response, "ETag")),
            linked is not null && Sha256Hex.Is(linked) ? linked : null,
            Number(HubFaults.First(response, "X-Linked-Size")) ?? (redirected ? null : response.Content.Headers.ContentLength));
    }

    /// <summary>Asks about a file at an address; servers that do not answer HEAD tell nothing.</summary>
    /// <inheritdoc cref="HeadAsync" path="/exception"/>
    internal async Task<RemoteFile> HeadAddressAsync(Uri uri, CancellationToken cancellationToken)
    {
        using var response = await requests.SendAsync(() => new HttpRequestMessage { Method = HttpMethod.Head }, uri, stayOnHost: false, cancellationToken);
        if ((int)response.StatusCode is 403 or 405 or 501)
            return new RemoteFile(uri, null, null, null, null);
        if (!response.IsSuccessStatusCode)
            throw HubFaults.Of(response, uri, HubRequests.Shown(uri), null, options.TimeProvider);
        return new RemoteFile(uri, null, Unquoted(HubFaults.First(response, "ETag")), null, response.Content.Headers.ContentLength);
    }

    /// <summary>The GGUF files of a repository.</summary>
    /// <exception cref="InvalidDataException">A name leads out of the repository.</exception>
    /// <inheritdoc cref="HeadAsync" path="/exception"/>
    internal async Task<IReadOnlyList<ListedFile>> ListAsync(string repository, string revision, CancellationToken cancellationToken)
    {
        List<ListedFile> files = [];
        var uri = new Uri(_endpoint, $"api/models/{repository}/tree/{Uri.EscapeDataString(revision)}?recursive=true");
        for (var page = 0; page < MostPages; page++)
        {
            using var response = await requests.SendAsync(() => new HttpRequestMessage { Method = HttpMethod.Get }, uri, stayOnHost: false, cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw HubFaults.Of(response, uri, $"{repository}@{revision}", Page(repository), options.TimeProvider);
            files.AddRange(Parse(await ReadAsync(response, uri, cancellationToken), uri));
            if (NextPage(response, uri) is not { } next)
                return files;
            uri = next;
        }
        throw HubRequests.BadAnswer($"The listing of {repository} has more than {MostPages} pages.");
    }

    /// <summary>Asks for the bytes of a file from a position on.</summary>
    /// <param name="location">Where they are.</param>
    /// <param name="from">The first byte.</param>
    /// <param name="validator">The strong ETag of the bytes before it: another content is sent whole; null takes what comes.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    internal Task<HttpResponseMessage> GetAsync(Uri location, long from, string? validator, CancellationToken cancellationToken) =>
        requests.SendAsync(() =>
        {
            var request = new HttpRequestMessage { Method = HttpMethod.Get };
            if (from > 0)
            {
                request.Headers.TryAddWithoutValidation("Range", string.Create(CultureInfo.InvariantCulture, $"bytes={from}-"));
                if (validator is not null)
                    request.Headers.TryAddWithoutValidation("If-Range", validator);
            }
            return request;
        }, location, stayOnHost: false, cancellationToken);

    private async Task<byte[]> ReadAsync(HttpResponseMessage response, Uri uri, CancellationToken cancellationToken)
    {
        using var silence = requests.Watch();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(either.Token);
            using var bytes = new MemoryStream();
            var buffer = new byte[1 << 16];
            for (int count; (count = await body.ReadAsync(buffer, either.Token)) > 0;)
            {
                silence.CancelAfter(options.StallTimeout);
                bytes.Write(buffer, 0, count);
                if (bytes.Length > LongestListing)
                    throw HubRequests.BadAnswer($"{HubRequests.Shown(uri)} sends more than {LongestListing >> 20} MiB.");
            }
            return bytes.ToArray();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException || (fault is IOException and not ModelDownloadException))
        {
            throw requests.Broken(uri, fault);
        }
    }

    private static IEnumerable<ListedFile> Parse(byte[] utf8, Uri uri)
    {
        try
        {
            using var json = JsonDocument.Parse(utf8);
            List<ListedFile> files = [];
            foreach (var entry in json.RootElement.EnumerateArray())
            {
                if (Text(entry, "type") != "file" || Text(entry, "path") is not { } path || !path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
                    continue;
                if (!SafeNames.IsRelativePath(path))
                    throw new InvalidDataException($"{HubRequests.Shown(uri)} lists '{SafeNames.Printable(path)}', which is no path inside a repository: refused.");
                var lfs = entry.TryGetProperty("lfs", out var large) && large.ValueKind == JsonValueKind.Object ? large : default;
                var oid = lfs.ValueKind == JsonValueKind.Object ? Text(lfs, "oid") : null;
                long? size = entry.TryGetProperty("size", out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt64(out var bytes) && bytes > 0 ? bytes : null;
                files.Add(new ListedFile(path, size, oid is not null && Sha256Hex.Is(oid) ? oid : null));
            }
            return files;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw HubRequests.BadAnswer($"{HubRequests.Shown(uri)} is no listing of files: {SafeNames.Printable(fault.Message)}", fault);
        }
    }

    /// <summary>The next page of a listing, on the same host.</summary>
    private static Uri? NextPage(HttpResponseMessage response, Uri uri)
    {
        if (HubFaults.First(response, "Link") is not { } link || !link.Contains("rel=\"next\"", StringComparison.Ordinal))
            return null;
        var (start, end) = (link.IndexOf('<', StringComparison.Ordinal), link.IndexOf('>', StringComparison.Ordinal));
        return start >= 0 && end > start && Uri.TryCreate(uri, link[(start + 1)..end], out var next) && next.Authority == uri.Authority && next.Scheme == uri.Scheme
            ? next
            : throw HubRequests.BadAnswer($"{HubRequests.Shown(uri)} continues at another host: refused.");
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Unquoted(string? etag)
    {
        if (etag is null)
            return null;
        var value = (etag.StartsWith("W/", StringComparison.Ordinal) ? etag[2..] : etag).Trim('"');
        return value.Length > 0 ? value : null;
    }

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0 ? value : null;

    private static string Escaped(string file) => string.Join('/', file.Split('/').Select(Uri.EscapeDataString));
}
