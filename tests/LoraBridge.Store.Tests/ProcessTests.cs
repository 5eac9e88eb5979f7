using LoraBridge.Model;
using LoraBridge.Store.Tests.Loopback;

namespace LoraBridge.Store.Tests;

/// <summary>Processes that are killed, and processes that want the same file.</summary>
public sealed class ProcessTests : StoreTest
{
    private const int Kills = 20;

    private readonly Random _random = new(19);

    private Dictionary<string, string> Variables => new()
    {
        ["HF_HUB_CACHE"] = Cache, ["LORABRIDGE_HOME"] = Home, ["HF_ENDPOINT"] = Hub.Endpoint.AbsoluteUri, ["HF_TOKEN"] = Token,
        ["OLLAMA_MODELS"] = Folder["none"], ["LLAMA_CACHE"] = Folder["none"],
    };

    /// <summary>
    /// Five runs that each end in the middle of nowhere, then one that completes; four times over. The moments are between requests, at
    /// random bytes of the content, and between the last byte and the name.
    /// </summary>
    [Fact]
    public async Task Killed_at_20_random_points_the_next_run_completes()
    {
        for (var kill = 0; kill < Kills; kill++)
        {
            await KillAsync();
            if (kill % 5 != 4)
                continue;
            Hub.ClearLog();
            var kept = new FileInfo($"{Blob(File)}.part");
            var expected = kept.Exists ? kept.Length : 0;
            var wasThere = System.IO.File.Exists(Blob(File));
            using var process = Pull();
            var json = await process.JsonAsync();
            Assert.True(json.GetProperty("verified").GetBoolean());
            Assert.Equal(Snapshot(File), json.GetProperty("path").GetString());
            Assert.Equal(File.Content, System.IO.File.ReadAllBytes(Snapshot(File)));
            Assert.InRange(Hub.Downloads.Length, 0, 1);
            Assert.All(Hub.Downloads, request => Assert.Equal(expected, request.From));
            Assert.Equal(wasThere || expected == File.Size, Hub.Downloads.Length == 0);
            Assert.Empty(Directory.EnumerateFiles(Cache, "*.part*", SearchOption.AllDirectories));
            Directory.Delete(Cache, recursive: true);
        }
    }

    [Fact]
    public async Task Of_two_processes_one_downloads_and_the_other_uses_it()
    {
        var (begun, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        Hub.Cdns(async (context, file) =>
        {
            LoopbackHub.StartContent(context, file);
            await context.Response.Body.WriteAsync(file.Content.AsMemory(0, 1_000_000));
            await context.Response.Body.FlushAsync();
            begun.SetResult();
            await go.Task;
            await context.Response.Body.WriteAsync(file.Content.AsMemory(1_000_000));
        });
        using var first = Pull();
        await begun.Task;
        using var second = Pull("--progress", "plain");
        while (Hub.Log.Count(request => request.Method == "HEAD") < 2)
            await Task.Yield();
        go.SetResult();
        Assert.True((await first.JsonAsync()).GetProperty("downloaded").GetBoolean());
        var other = await second.JsonAsync();
        Assert.False(other.GetProperty("downloaded").GetBoolean());
        Assert.True(other.GetProperty("verified").GetBoolean());
        Assert.Single(Hub.Downloads);
    }

    [Fact]
    public async Task Who_waits_takes_over_from_an_owner_that_is_killed()
    {
        var begun = new TaskCompletionSource();
        Hub.Cdns(async (context, file) =>
        {
            LoopbackHub.StartContent(context, file);
            await context.Response.Body.WriteAsync(file.Content.AsMemory(0, 1_000_000));
            await context.Response.Body.FlushAsync();
            await Hub.ArrivedAsync(context, 1_000_000);
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var owner = Pull();
        await begun.Task;
        var waiting = new TaskCompletionSource();
        var waiter = new ModelStore(Options with { TimeProvider = TimeProvider.System }).PullAsync(
            "hf:owner/repo/model-Q4_K_M.gguf", new Watcher(waiting));
        await waiting.Task;
        await owner.KillAsync();
        AssertIs(File, await waiter);
        Assert.Equal(1_000_000, Hub.Downloads[1].From);
    }

    [Fact]
    public async Task Many_tasks_of_one_process_download_once()
    {
        var store = new ModelStore(Options with { TimeProvider = TimeProvider.System });
        var models = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => store.PullAsync("hf:owner/repo:Q4_K_M")));
        Assert.Single(Hub.Downloads);
        Assert.Single(models, model => model.Downloaded);
        Assert.All(models, model => Assert.True(model.Verified));
    }

    private ToolRun Pull(params string[] options) => ToolRun.Start(
        Variables, ["models", "pull", "hf:owner/repo/model-Q4_K_M.gguf", "--json", .. options.Length > 0 ? options : ["--progress", "none"]]);

    private async Task KillAsync()
    {
        var moment = new TaskCompletionSource();
        var at = _random.Next(8);
        if (at == 0)
        {
            Hub.Hubs(async context =>
            {
                moment.SetResult();
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            });
        }
        else
        {
            Hub.Cdns(async (context, file) =>
            {
                var from = LoopbackHub.StartContent(context, file);
                if (from < 0)
                    return;
                // The last bytes are sent at times: the kill then meets hashing, flushing and renaming.
                var count = at > 5 ? file.Size - from : _random.NextInt64(file.Size - from);
                await context.Response.Body.WriteAsync(file.Content.AsMemory((int)from, (int)count));
                await context.Response.Body.FlushAsync();
                moment.TrySetResult();
                if (count < file.Size - from)
                    await Task.Delay(Timeout.Infinite, context.RequestAborted);
            });
        }
        using var process = Pull();
        var end = process.FinishAsync();
        await Task.WhenAny(moment.Task, end);
        Thread.SpinWait(_random.Next(500_000));
        await process.KillAsync();
        await end;
        Hub.ClearScripts();
    }

    private sealed class Watcher(TaskCompletionSource waiting) : IProgress<ModelDownloadProgress>
    {
        public void Report(ModelDownloadProgress value)
        {
            if (value.Stage == ModelDownloadStage.Waiting)
                waiting.TrySetResult();
        }
    }
}
