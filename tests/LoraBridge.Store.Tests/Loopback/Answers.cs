using Microsoft.AspNetCore.Http;

namespace LoraBridge.Store.Tests.Loopback;

/// <summary>Answers of scripted servers.</summary>
internal static class Answers
{
    /// <summary>Sends so many bytes and breaks the connection.</summary>
    internal static Func<HttpContext, HubFile, Task> Cut(long after) => (context, file) => LoopbackHub.SendAsync(context, file, after);

    /// <summary>Sends so many bytes, and then nothing for as long as the client will wait.</summary>
    internal static Func<HttpContext, HubFile, Task> Stall(long after, FakeClock clock) => async (context, file) =>
    {
        var from = LoopbackHub.StartContent(context, file);
        await context.Response.Body.WriteAsync(file.Content.AsMemory((int)from, (int)Math.Min(after, file.Size - from)));
        await context.Response.Body.FlushAsync();
        await SilenceAsync(context, clock);
    };

    /// <summary>Sends all of the file, whatever was asked for.</summary>
    internal static Func<HttpContext, HubFile, Task> Whole() => (context, file) =>
    {
        context.Request.Headers.Range = default;
        return LoopbackHub.SendAsync(context, file);
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

    /// <summary>Says nothing until the client has gone.</summary>
    internal static async Task SilenceAsync(HttpContext context, FakeClock clock)
    {
        while (!context.RequestAborted.IsCancellationRequested)
        {
            clock.FireWatches();
            await Task.Yield();
        }
    }
}
