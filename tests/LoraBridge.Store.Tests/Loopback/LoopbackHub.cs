using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoraBridge.Store.Tests.Loopback;

/// <summary>
/// A hub and its CDN on two ports of the loopback device. They behave as Hugging Face's do, unless a test's script answers a request in
/// their place.
/// </summary>
internal sealed class LoopbackHub : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly Lock _gate = new();
    private readonly List<LoggedRequest> _log = [];
    private readonly List<HubFile> _files = [];
    private readonly Queue<Func<HttpContext, HubFile, Task>> _cdnScript = new();
    private readonly Queue<Func<HttpContext, Task>> _hubScript = new();
    private readonly string _prefix;

    private LoopbackHub(WebApplication application, string prefix)
    {
        (_application, _prefix) = (application, prefix);
        application.Run(AnswerAsync);
    }

    /// <summary>The address that clients are given.</summary>
    internal Uri Endpoint => new($"http://127.0.0.1:{Ports[0]}{_prefix}");

    /// <summary>The other host.</summary>
    internal Uri Cdn => new($"http://127.0.0.1:{Ports[1]}/");

    /// <summary>The requests so far.</summary>
    internal LoggedRequest[] Log
    {
        get
        {
            lock (_gate)
                return [.. _log];
        }
    }

    /// <summary>The requests for content.</summary>
    internal LoggedRequest[] Downloads => [.. Log.Where(request => request.IsCdn && request.Method == "GET")];

    /// <summary>Changes what the hub says about a file.</summary>
    internal Action<HttpContext, HubFile>? OnHead { get; set; }

    /// <summary>How many bytes of the file that is being downloaded the client has; a broken connection loses what is under way.</summary>
    internal Func<long> Received { get; set; } = () => 0;

    /// <summary>Whether files come from the hub's own host.</summary>
    internal bool ServesContent { get; set; }

    private int[] Ports => [.. _application.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>()
        .Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address).Port)];

    internal static async Task<LoopbackHub> StartAsync(string prefix = "", params HubFile[] files)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server =>
        {
            server.Limits.MinResponseDataRate = null;
            server.Listen(IPAddress.Loopback, 0);
            server.Listen(IPAddress.Loopback, 0);
        });
        var hub = new LoopbackHub(builder.Build(), prefix);
        hub._files.AddRange(files);
        await hub._application.StartAsync();
        return hub;
    }

    /// <summary>Answers the next request for content in the CDN's place.</summary>
    internal LoopbackHub Cdns(params Func<HttpContext, HubFile, Task>[] answers)
    {
        lock (_gate)
            Array.ForEach(answers, _cdnScript.Enqueue);
        return this;
    }

    /// <summary>Answers the next request to the hub in its place.</summary>
    internal LoopbackHub Hubs(params Func<HttpContext, Task>[] answers)
    {
        lock (_gate)
            Array.ForEach(answers, _hubScript.Enqueue);
        return this;
    }

    /// <summary>The file has another content from now on.</summary>
    internal void Replace(HubFile file)
    {
        lock (_gate)
        {
            _files.RemoveAll(other => other.Repository == file.Repository && other.Name == file.Name);
            _files.Add(file);
        }
    }

    /// <summary>Forgets the answers that were not needed.</summary>
    internal void ClearScripts()
    {
        lock (_gate)
        {
            _cdnScript.Clear();
            _hubScript.Clear();
        }
    }

    internal void ClearLog()
    {
        lock (_gate)
            _log.Clear();
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    /// <summary>Sends the file, or the rest of it that a range asks for.</summary>
    internal Task SendAsync(HttpContext context, HubFile file) => SendAsync(context, file, long.MaxValue);

    /// <summary>Sends what was asked for, and breaks the connection after so many bytes.</summary>
    internal async Task SendAsync(HttpContext context, HubFile file, long cutAfter)
    {
        var from = StartContent(context, file);
        if (from < 0)
            return;
        var count = Math.Min(cutAfter, file.Size - from);
        if (cutAfter >= file.Size - from)
        {
            await WriteAsync(from, count);
            return;
        }
        // A client that begins anew may have as many bytes as it is to get, of the last time: when it has half of them, it has forgotten those.
        await WriteAsync(from, count / 2);
        await ArrivedAsync(context, from + count / 2);
        await WriteAsync(from + count / 2, count - count / 2);
        await ArrivedAsync(context, from + count);
        context.Abort();

        async Task WriteAsync(long start, long length)
        {
            await context.Response.Body.WriteAsync(file.Content.AsMemory((int)start, (int)length), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    /// <summary>Waits until the client has so many bytes, or has gone.</summary>
    internal async Task ArrivedAsync(HttpContext context, long count)
    {
        while (count > 0 && Received() != count && !context.RequestAborted.IsCancellationRequested)
            await Task.Yield();
    }

    /// <summary>Says nothing until the client, which has so many bytes, has gone; for it, half a minute passes.</summary>
    internal async Task SilenceAsync(HttpContext context, FakeClock clock, long count = 0)
    {
        await ArrivedAsync(context, count);
        clock.FireWatches();
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    /// <summary>Sends the headers for what was asked for.</summary>
    /// <returns>The first byte to send; -1 when there is none.</returns>
    internal static long StartContent(HttpContext context, HubFile file)
    {
        var response = context.Response;
        response.Headers.ETag = file.CdnETag;
        response.Headers.AcceptRanges = "bytes";
        var range = context.Request.Headers.Range.ToString();
        var from = range.StartsWith("bytes=", StringComparison.Ordinal) ? long.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture) : 0;
        var condition = context.Request.Headers.IfRange.ToString();
        if (condition.Length > 0 && condition != file.CdnETag)
            from = 0;
        if (from >= file.Size)
        {
            response.StatusCode = 416;
            response.Headers.ContentRange = $"bytes */{file.Size}";
            return -1;
        }
        if (from > 0)
        {
            response.StatusCode = 206;
            response.Headers.ContentRange = $"bytes {from}-{file.Size - 1}/{file.Size}";
        }
        response.ContentLength = file.Size - from;
        return from;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        var isCdn = context.Connection.LocalPort == Ports[1];
        Func<HttpContext, HubFile, Task>? cdn = null;
        Func<HttpContext, Task>? hub = null;
        HubFile? file;
        lock (_gate)
        {
            _log.Add(new LoggedRequest(
                isCdn, request.Method, request.Path, Header("Range"), Header("If-Range"), Header("Authorization"), Header("Cookie"), request.QueryString.ToString()));
            file = isCdn ? _files.Find(file => request.Path == $"/blobs/{file.Repository}/{file.Name}") : null;
            if (isCdn)
                _cdnScript.TryDequeue(out cdn);
            else
                _hubScript.TryDequeue(out hub);
        }
        context.Response.Headers.SetCookie = "session=secret; Path=/";
        if (hub is not null)
            await hub(context);
        else if (!isCdn)
            await AnswerAsHubAsync(context);
        else if (file is null)
            context.Response.StatusCode = 404;
        else if (cdn is not null)
            await cdn(context, file);
        else
            await SendAsync(context, file);

        string? Header(string name) => request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;
    }

    private async Task AnswerAsHubAsync(HttpContext context)
    {
        var path = context.Request.Path.ToString();
        if (!path.StartsWith(_prefix, StringComparison.Ordinal))
        {
            context.Response.StatusCode = 400;
            return;
        }
        path = path[_prefix.Length..].TrimStart('/');
        if (path.StartsWith("api/models/", StringComparison.Ordinal))
        {
            await ListAsync(context, path["api/models/".Length..]);
            return;
        }
        HubFile? file;
        lock (_gate)
        {
            file = _files.Find(file => path.StartsWith($"{file.Repository}/resolve/", StringComparison.Ordinal)
                && path[$"{file.Repository}/resolve/".Length..].Split('/', 2) is [var revision, var name] && name == file.Name && (revision == "main" || revision == file.Commit));
        }
        if (file is null)
        {
            context.Response.StatusCode = 404;
            context.Response.Headers["X-Error-Code"] = "EntryNotFound";
            return;
        }
        Describe(context, file);
        OnHead?.Invoke(context, file);
        if (ServesContent && context.Request.Method == "GET")
            await SendAsync(context, file);
    }

    /// <summary>What Hugging Face says about a large file: where it is, and what it is.</summary>
    private void Describe(HttpContext context, HubFile file)
    {
        var headers = context.Response.Headers;
        headers["X-Repo-Commit"] = file.Commit;
        headers["X-Linked-Etag"] = $"\"{file.Sha256}\"";
        headers["X-Linked-Size"] = file.Size.ToString(CultureInfo.InvariantCulture);
        if (ServesContent)
        {
            if (context.Request.Method == "HEAD")
                context.Response.ContentLength = file.Size;
            return;
        }
        context.Response.StatusCode = 302;
        headers.Location = new Uri(Cdn, $"blobs/{file.Repository}/{file.Name}?signature=1").AbsoluteUri;
    }

    private async Task ListAsync(HttpContext context, string path)
    {
        HubFile[] files;
        lock (_gate)
            files = [.. _files.Where(file => path.StartsWith($"{file.Repository}/tree/", StringComparison.Ordinal))];
        if (files.Length == 0)
        {
            context.Response.StatusCode = 404;
            context.Response.Headers["X-Error-Code"] = "RepoNotFound";
            return;
        }
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync($"[{string.Join(',', files.Select(file =>
            $$"""{"type":"file","path":"{{file.Name}}","lfs":{"oid":"{{file.Sha256}}","pointerSize":134},"oid":"{{file.Commit}}","size":{{file.Size}}}"""))}]");
    }
}
