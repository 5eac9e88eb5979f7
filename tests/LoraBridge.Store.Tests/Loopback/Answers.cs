using Microsoft.AspNetCore.Http;

namespace LoraBridge.Store.Tests.Loopback;

/// <summary>Answers of scripted servers.</summary>
internal static class Answers
{
    /// <summary>Sends so many bytes and breaks the connection.</summary>
    internal static Func<HttpContext, HubFile, Task> Cut(this LoopbackHub hub, long after) => (context, file) => hub.SendAsync(context, file, after);

    /// <summary>Sends so many bytes, and then nothing for as long as the client will wait.</summary>
    internal static Func<HttpContext, HubFile, Task> Stall(this LoopbackHub hub, long after, FakeClock clock) => async (context, file) =>
    {
        var from = LoopbackHub.StartContent(context, file);
        var count = Math.Min(after, file.Size - from);
        await context.Response.Body.WriteAsync(file.Content.AsMemory((int)from, (int)count));
        await context.Response.Body.FlushAsync();
        await hub.SilenceAsync(context, clock, from + count);
    };

    /// <summary>Sends all of the file, whatever was asked for, or its first bytes.</summary>
    internal static Func<HttpContext, HubFile, Task> Whole(this LoopbackHub hub, long cutAfter = long.MaxValue) => (context, file) =>
    {
        context.Request.Headers.Range = default;
        return hub.SendAsync(context, file, cutAfter);
    };

    /// <summary>Sends a status and headers.</summary>
    internal static Func<HttpContext, HubFile, Task> Status(int status, params (string Name, string Value)[] headers) =>
        (context, _) => HubStatus(status, headers)(context);

    /// <inheritdoc cref="Status"/>
    internal static Func<HttpContext, Task> HubStatus(int status, params (string Name, string Value)[] headers) => context =>
    {
        context.Response.StatusCode = status;
        foreach (var (name, value) in headers)
            context.Response.Headers[name] = value;
        return Task.CompletedTask;
    };
}
