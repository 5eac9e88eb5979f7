using System.Globalization;
using System.Net;

namespace LoraBridge.Model.Store;

/// <summary>What the answers of a hub mean that are no success, in words to act on.</summary>
internal static class HubFaults
{
    /// <summary>The fault behind an answer.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="uri">What was asked for.</param>
    /// <param name="what">What that is, in words.</param>
    /// <param name="page">The page of its repository, where there is one.</param>
    /// <param name="clock">Tells how far away a date is.</param>
    internal static Exception Of(HttpResponseMessage response, Uri uri, string what, Uri? page, TimeProvider clock)
    {
        var status = (int)response.StatusCode;
        var said = First(response, "X-Error-Message") is { } message ? $" ({SafeNames.Printable(message)})" : "";
        switch (response.StatusCode)
        {
            case HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError:
                return new TransientFault(ModelDownloadFailure.Unavailable, $"{uri.Authority} answers {status} for {what}{said}.", RetryAfter(response, clock));
            case HttpStatusCode.ProxyAuthenticationRequired:
                return new ModelDownloadException(ModelDownloadFailure.Proxy,
                    "The proxy answers 407 and asks who you are: set HTTPS_PROXY or HTTP_PROXY to http://user:password@host:port.");
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                return new ModelDownloadException(ModelDownloadFailure.AccessDenied, First(response, "X-Error-Code") == "GatedRepo"
                    ? $"{what} is gated: accept its conditions at {page ?? uri} with your account, and set HF_TOKEN to a token of that account{said}."
                    : $"{uri.Authority} answers {status} for {what}: there is no such repository, or it is private and HF_TOKEN has no access to it{said}.");
            case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                return new ModelDownloadException(ModelDownloadFailure.NotFound, First(response, "X-Error-Code") switch
                {
                    "RepoNotFound" => $"There is no repository for {what}{said}.",
                    "RevisionNotFound" => $"There is no such revision: {what}{said}.",
                    _ => $"There is no {what} at {uri.Authority}{said}.",
                });
            default:
                return HubRequests.BadAnswer($"{uri.Authority} answers {status} for {what}, expected 200{said}.");
        }
    }

    internal static string? First(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values) ? values.FirstOrDefault() : null;

    private static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider clock)
    {
        if (First(response, "Retry-After") is not { } text)
            return null;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return TimeSpan.FromSeconds(Math.Min(seconds, 1_000_000));
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date))
            return null;
        var wait = date - clock.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }
}
