using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using static System.FormattableString;

namespace LoraBridge.Model.Store;

/// <summary>
/// Sends requests, follows redirects, and turns what goes wrong into a <see cref="TransientFault"/> or a
/// <see cref="ModelDownloadException"/>. The token goes to the hub's own host and port only, cookies nowhere, and never from https to http.
/// </summary>
internal sealed class HubRequests : IDisposable
{
    private const int MaximumRedirects = 5;

    private readonly HttpMessageInvoker _client;
    private readonly ModelStoreOptions _options;

    internal HubRequests(ModelStoreOptions options)
    {
        _options = options;
        var sockets = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            ConnectTimeout = options.StallTimeout,
            UseProxy = true,
            Proxy = options.Proxy,
        };
        _client = options.Hooks.Handler is { } handler ? new HttpMessageInvoker(handler, disposeHandler: false) : new HttpMessageInvoker(sockets);
    }

    /// <summary>Sends a request and follows redirects.</summary>
    /// <param name="create">Makes the request; called for each address on the way.</param>
    /// <param name="uri">The first address.</param>
    /// <param name="stayOnHost">Whether to return the redirect that leads to another host instead of following it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="TransientFault">It may work if tried again.</exception>
    /// <exception cref="ModelDownloadException">It will not.</exception>
    internal async Task<HttpResponseMessage> SendAsync(
        Func<HttpRequestMessage> create, Uri uri, bool stayOnHost, CancellationToken cancellationToken)
    {
        for (var hop = 0; ; hop++)
        {
            var response = await SendOnceAsync(create, uri, cancellationToken);
            if (!IsRedirect(response.StatusCode))
                return response;
            try
            {
                var next = Next(uri, response);
                if (stayOnHost && next.Authority != uri.Authority)
                    return response;
                if (hop == MaximumRedirects)
                    throw BadAnswer($"{Shown(uri)} redirects in a loop, or more than {MaximumRedirects} times.");
                uri = next;
            }
            catch
            {
                response.Dispose();
                throw;
            }
            response.Dispose();
        }
    }

    /// <summary>Where a redirect leads.</summary>
    internal static Uri Next(Uri uri, HttpResponseMessage response)
    {
        var location = response.Headers.Location ?? throw BadAnswer($"{Shown(uri)} redirects without saying where to.");
        if (!Uri.TryCreate(uri, location, out var next))
            throw BadAnswer($"{Shown(uri)} redirects to '{SafeNames.Printable(location.OriginalString)}', which is no address.");
        if (next.Scheme is not ("http" or "https"))
            throw BadAnswer($"{Shown(uri)} redirects to {SafeNames.Printable(next.Scheme)}:, expected https.");
        return uri.Scheme == "https" && next.Scheme == "http"
            ? throw BadAnswer($"{Shown(uri)} redirects from https to http, to {Shown(next)}: refused, since others could read and change what is sent.")
            : next;
    }

    internal static bool IsRedirect(HttpStatusCode status) => (int)status is 301 or 302 or 303 or 307 or 308;

    /// <summary>An address for messages: without its query, which may hold a signature.</summary>
    internal static string Shown(Uri uri) => SafeNames.Printable(uri.GetLeftPart(UriPartial.Path));

    internal static ModelDownloadException BadAnswer(string message, Exception? cause = null) => new(ModelDownloadFailure.BadAnswer, message, cause);

    /// <summary>A connection that was silent for too long, or broke.</summary>
    internal TransientFault Broken(Uri uri, Exception fault) => fault is OperationCanceledException
        ? new TransientFault(ModelDownloadFailure.Unreachable, Invariant($"The connection to {uri.Authority} stalled: nothing came for {_options.StallTimeout.TotalSeconds:0} s."), cause: fault)
        : new TransientFault(ModelDownloadFailure.Unreachable, $"The connection to {uri.Authority} broke: {Innermost(fault)}.", cause: fault);

    /// <summary>A source that is cancelled when the network is silent for too long, or with the token.</summary>
    internal CancellationTokenSource Watch() => new(_options.StallTimeout, _options.TimeProvider);

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendOnceAsync(Func<HttpRequestMessage> create, Uri uri, CancellationToken cancellationToken)
    {
        using var silence = Watch();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        using var request = create();
        request.RequestUri = uri;
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("LoraBridge", "0.1"));
        if (_options.AccessToken is { } token && IsHub(uri))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try
        {
            return await _client.SendAsync(request, either.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (HttpRequestException fault) when (Hopeless(fault) is { } advice)
        {
            throw new ModelDownloadException(
                fault.HttpRequestError == HttpRequestError.ProxyTunnelError ? ModelDownloadFailure.Proxy : ModelDownloadFailure.Unreachable, $"No connection to {uri.Authority}: {advice} ({Innermost(fault)}).", fault);
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException or IOException)
        {
            throw Broken(uri, fault);
        }
        catch (Exception fault) when (fault is InvalidOperationException or FormatException or ArgumentException or NotSupportedException)
        {
            throw BadAnswer($"The answer of {uri.Authority} cannot be understood: {fault.Message}", fault);
        }
    }

    private bool IsHub(Uri uri) => uri.Scheme == _options.Endpoint.Scheme && uri.Authority == _options.Endpoint.Authority;

    /// <summary>What to do about a fault that will not go away by itself, or null.</summary>
    private static string? Hopeless(HttpRequestException fault) => fault.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "its name is unknown here; check the network, or set HF_ENDPOINT to a mirror or HTTPS_PROXY to a proxy",
        HttpRequestError.SecureConnectionError => "its certificate is not trusted",
        HttpRequestError.ProxyTunnelError => "the proxy refuses; check HTTPS_PROXY, which may need http://user:password@host",
        _ => null,
    };

    private static string Innermost(Exception fault)
    {
        while (fault.InnerException is { } inner && fault is not SocketException)
            fault = inner;
        return SafeNames.Printable(fault.Message.TrimEnd('.'));
    }
}
