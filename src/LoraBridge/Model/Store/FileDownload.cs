using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LoraBridge.Model.Store;

/// <summary>A file to fetch.</summary>
/// <param name="Repository">The repository, or what stands for one in the cache.</param>
/// <param name="Revision">The branch or commit to ask for.</param>
/// <param name="Name">The path in the repository.</param>
/// <param name="Size">The bytes that are expected; null when unknown.</param>
/// <param name="Sha256">The SHA-256 that is expected; null when unknown.</param>
/// <param name="Address">Where it is, if not in a repository of the hub.</param>
internal sealed record WantedFile(string Repository, string Revision, string Name, long? Size, string? Sha256, Uri? Address = null);

/// <summary>
/// Fills the part of one file until it is whole, however often the connection breaks, and verifies it. One object is one try of one
/// content; <see cref="ContentChanged"/> says that the server has another one now.
/// </summary>
internal sealed class FileDownload(
    WantedFile wanted, RemoteFile remote, PartFile part, HubClient hub, HubRequests requests, ModelStoreOptions options, DownloadMeter meter)
{
    private const int BufferSize = 1 << 17;

    /// <summary>A signed address is asked for again so often without a byte in between.</summary>
    private const int MaximumRefreshes = 2;

    /// <summary>So often a file may be sent from its beginning, and what comes then still counts as progress.</summary>
    private const int MaximumRestarts = 5;

    private readonly byte[] _buffer = new byte[BufferSize];
    private RemoteFile _remote = remote;
    private long? _size = wanted.Size ?? remote.Size;
    private long _farthest = part.Length;
    private int _restarts;
    private int _wrongRanges;
    private int _refreshes;

    /// <summary>The server has another content under the name than when the download began.</summary>
    internal sealed class ContentChanged : Exception;

    /// <summary>The SHA-256 that the content must have; null when nothing says.</summary>
    internal string? Expected => wanted.Sha256 ?? _remote.Sha256;

    /// <summary>Downloads what is missing.</summary>
    /// <returns>The SHA-256 of the whole.</returns>
    /// <exception cref="InvalidDataException">What came is not the file; the part is gone.</exception>
    /// <exception cref="ModelDownloadException">It could not be fetched; the part is kept.</exception>
    /// <exception cref="IOException">The disk is full; the part is kept.</exception>
    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var retry = new RetryPolicy(options.TimeProvider, message => meter.Tell(ModelDownloadStage.Stalled, wanted.Name, message, part.Length));
        if (part.Length > _size)
            part.Restart();
        CheckSpace();
        while (_size is null || part.Length < _size)
        {
            try
            {
                var outcome = await FetchAsync(cancellationToken);
                if (outcome == Outcome.Whole)
                    break;
                if (outcome == Outcome.Ended && part.Length <= _farthest)
                    throw new TransientFault(ModelDownloadFailure.BadAnswer, $"{_remote.Location.Authority} ends {wanted.Name} at byte {part.Length} of {_size}.");
                if (part.Length > _farthest)
                    Progressed(retry);
            }
            catch (TransientFault fault)
            {
                if (part.Length > _farthest)
                    Progressed(retry);
                await retry.WaitAsync(fault, cancellationToken);
            }
        }
        return Verified();
    }

    private void Progressed(RetryPolicy retry)
    {
        retry.Progressed();
        (_farthest, _refreshes) = (part.Length, 0);
    }

    /// <summary>What one request has brought.</summary>
    private enum Outcome
    {
        /// <summary>All of the file is there.</summary>
        Whole,

        /// <summary>The answer ended before the file does.</summary>
        Ended,

        /// <summary>Nothing: the next request is another one.</summary>
        AskAgain,
    }

    /// <summary>Makes one request and reads what comes.</summary>
    private async Task<Outcome> FetchAsync(CancellationToken cancellationToken)
    {
        meter.Begin(part.Length);
        using var response = await hub.GetAsync(_remote.Location, part.Length, part.Validator, cancellationToken);
        var validator = Validator(response);
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                if (part.Length == 0)
                    break;
                // The server ignores ranges, or has another content than the part: all of it comes.
                part.Restart();
                if (_restarts++ < MaximumRestarts)
                    _farthest = 0;
                if (IsOfAnotherContent(validator))
                    await RefreshAsync(cancellationToken);
                break;
            case HttpStatusCode.PartialContent:
                if (IsOfAnotherContent(validator))
                {
                    await RefreshAsync(cancellationToken);
                    WrongRange("its content has changed meanwhile");
                    return Outcome.AskAgain;
                }
                if (!Continues(response))
                    return Outcome.AskAgain;
                break;
            case HttpStatusCode.RequestedRangeNotSatisfiable when part.Length > 0:
                WrongRange($"it has no byte {part.Length}");
                return Outcome.AskAgain;
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Gone when IsElsewhere && _refreshes < MaximumRefreshes:
                // A signed address has expired: the hub signs another one.
                _refreshes++;
                await RefreshAsync(cancellationToken);
                return Outcome.AskAgain;
            default:
                throw HubFaults.Of(response, _remote.Location, wanted.Name, wanted.Address is null ? hub.Page(wanted.Repository) : null, options.TimeProvider);
        }
        CheckEncoding(response);
        part.SetValidator(validator);
        return await ReadAsync(response, cancellationToken);
    }

    private bool IsElsewhere => wanted.Address is null && _remote.Location.Authority != options.Endpoint.Authority;

    private bool IsOfAnotherContent(string? validator) => validator is not null && part.Validator is not null && validator != part.Validator;

    /// <summary>Whether the answer goes on exactly where the part ends.</summary>
    private bool Continues(HttpResponseMessage response)
    {
        var range = response.Content.Headers.ContentRange;
        if (range is null || range.Unit != "bytes" || range.From != part.Length || (range.Length is { } total && _size is { } size && total != size)
            || (range.To is { } to && range.Length is { } whole && to >= whole))
        {
            WrongRange($"it sends '{SafeNames.Printable(range?.ToString() ?? "no range")}' of {_size?.ToString(CultureInfo.InvariantCulture) ?? "?"} bytes");
            return false;
        }
        _size ??= range.Length;
        return true;
    }

    /// <summary>The part cannot be continued: it is begun anew, once.</summary>
    private void WrongRange(string problem)
    {
        var asked = part.Length;
        part.Restart();
        part.SetValidator(null);
        _farthest = 0;
        if (_wrongRanges++ == 0)
            return;
        throw new NotTheFile($"{wanted.Name} cannot be continued from byte {asked}: asked {_remote.Location.Authority} for the rest of it, {problem}. Try again later, or another mirror.");
    }

    private void CheckEncoding(HttpResponseMessage response)
    {
        if (response.Content.Headers.ContentEncoding.FirstOrDefault(encoding => encoding != "identity") is { } encoding)
            throw HubRequests.BadAnswer($"{_remote.Location.Authority} sends {wanted.Name} in the encoding '{SafeNames.Printable(encoding)}', which was not asked for.");
    }

    private async Task<Outcome> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var whole = response.Content.Headers.ContentLength is { } length && response.StatusCode == HttpStatusCode.OK ? length : (long?)null;
        if (Expected is null && wanted.Size is null && _size != whole && whole is not null)
            _size = whole;
        using var silence = requests.Watch();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(either.Token);
            while (true)
            {
                var count = await body.ReadAsync(_buffer, either.Token);
                if (count == 0)
                    break;
                silence.CancelAfter(options.StallTimeout);
                if (part.Length + count > _size)
                    throw TooLong(part.Length + count);
                Append(_buffer.AsSpan(0, count));
                meter.Advance(ModelDownloadStage.Downloading, wanted.Name, part.Length);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException or HttpIOException or SocketException
            || (fault is IOException && fault is not DiskFault))
        {
            // All of it is there, only the end of the connection was not as it should be.
            if (part.Length == _size)
                return Outcome.Whole;
            throw requests.Broken(_remote.Location, fault);
        }
        return _size is null || part.Length == _size ? Outcome.Whole : Outcome.Ended;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        var atStart = part.Length;
        if (atStart < 4 && wanted.Name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && !"GGUF"u8[(int)atStart..].StartsWith(bytes[..Math.Min(bytes.Length, 4 - (int)atStart)]))
        {
            var begin = SafeNames.Printable(Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, 40)]));
            throw new NotTheFile($"{_remote.Location.Authority} does not send a GGUF file for {wanted.Name}: it begins with '{begin}', expected 'GGUF'. A page to log in, perhaps; check the address, the proxy and HF_TOKEN.");
        }
        try
        {
            part.Append(bytes);
        }
        catch (IOException full)
        {
            throw new DiskFault($"{options.CacheDirectory} cannot take {wanted.Name}: {Needed(part.Length)} ({full.Message}). What has arrived is kept: make room and pull again.", full);
        }
    }

    /// <summary>Checks before anything is written that there is room for the rest.</summary>
    private void CheckSpace()
    {
        if (_size is { } size && options.Hooks.FreeSpace(options.CacheDirectory) < size - part.Length)
            throw new DiskFault($"{options.CacheDirectory} has no room for {wanted.Name}: {Needed(part.Length)}. Make room, or set HF_HUB_CACHE to a folder on another disk.", null);
    }

    private string Needed(long have) =>
        string.Create(CultureInfo.InvariantCulture, $"{(_size is { } size ? $"{size - have} more bytes are needed" : "more bytes are needed")}, {options.Hooks.FreeSpace(options.CacheDirectory)} are free");

    private NotTheFile TooLong(long atLeast) => new($"{_remote.Location.Authority} sends at least {atLeast} bytes for {wanted.Name}, expected {_size}: it is another file.");

    /// <summary>Asks the hub for the address again.</summary>
    /// <exception cref="ContentChanged">It has another content by now.</exception>
    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        if (wanted.Address is not null)
            return;
        var fresh = await hub.HeadAsync(wanted.Repository, wanted.Revision, wanted.Name, cancellationToken);
        if (fresh.Sha256 != _remote.Sha256 || (fresh.Sha256 is null && fresh.ETag != _remote.ETag))
            throw new ContentChanged();
        _remote = fresh;
    }

    private string Verified()
    {
        var length = part.Length;
        var hash = part.Finish();
        if (_size is { } size && length != size)
            throw new NotTheFile($"{wanted.Name} has {length} bytes, expected {size}.");
        if (Expected is { } expected && hash != expected)
            throw new NotTheFile($"{wanted.Name} arrived damaged: its SHA-256 is {hash}, expected {expected}. It was deleted; pull again.");
        if (length < 4)
            throw new NotTheFile($"{wanted.Name} has {length} bytes, which is no GGUF file.");
        return hash;
    }

    private static string? Validator(HttpResponseMessage response) => response.Headers.ETag is { IsWeak: false, Tag: { Length: > 2 } tag } ? tag : null;
}

/// <summary>What arrived is not the file that was asked for: its part must go.</summary>
internal sealed class NotTheFile(string message) : Exception(message);

/// <summary>The disk takes no more; its part stays.</summary>
internal sealed class DiskFault(string message, Exception? cause) : IOException(message, cause);
