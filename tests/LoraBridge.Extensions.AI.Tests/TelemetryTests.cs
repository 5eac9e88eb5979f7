using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using LoraBridge.TestKit;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoraBridge.Extensions.AI.Tests;

/// <summary>What a host can watch: activities, measurements and logs, by the names that <see cref="LoraBridgeTelemetry"/> documents.</summary>
public sealed class TelemetryTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_sees_activities_measurements_and_logs_under_documented_names()
    {
        using var folder = new TemporaryFolder();
        File.Copy(SmallWorld.Path, folder["watched.gguf"]);
        TinyAdapters.Create(SmallWorld.Path).Save(folder["pirate.gguf"]);
        using var watch = new Watch();
        using var logs = new Logs();
        await using (var services = Host(folder, logs))
        {
            var chat = services.GetRequiredService<IChatClient>();
            var embeddings = services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
            await chat.GetResponseAsync("Where is the market?", new ChatOptions { ModelId = "pirate" }, Stop);
            await foreach (var update in chat.GetStreamingResponseAsync("Where is the market?", new ChatOptions { ModelId = "pirate" }, Stop))
                Assert.NotNull(update.ModelId);
            await embeddings.GenerateAsync(["Where is the market?"], new EmbeddingGenerationOptions { ModelId = "pirate" }, Stop);
        }

        var generations = watch.Activities.Where(activity => activity.DisplayName == "lorabridge.generate pirate").ToList();
        Assert.Equal(2, generations.Count);
        Assert.All(generations, activity => Assert.Equal(
            ("lorabridge", "pirate", "pirate", 4, "MaximumTokens"),
            (activity.GetTagItem("gen_ai.provider.name"), activity.GetTagItem("gen_ai.request.model"), activity.GetTagItem("lorabridge.adapters"),
                activity.GetTagItem("gen_ai.usage.output_tokens"), activity.GetTagItem("lorabridge.stop_reason"))));
        Assert.Single(watch.Activities, activity => activity.DisplayName == "lorabridge.load watched.gguf");
        Assert.Single(watch.Activities, activity => activity.DisplayName == "lorabridge.embed pirate");
        Assert.Equal(
            ["chat input", "chat output", "embeddings input"],
            watch.Measured("gen_ai.client.token.usage", "gen_ai.operation.name", "gen_ai.token.type").Distinct().Order());
        Assert.Equal(["chat", "embeddings"], watch.Measured("gen_ai.client.operation.duration", "gen_ai.operation.name").Distinct().Order());

        Assert.Contains(logs.Lines, line => line is ("LoraBridge.Model", LogLevel.Information, var text) && text.StartsWith("Loaded ", StringComparison.Ordinal));
        Assert.Equal(2, logs.Lines.Count(line => line is ("LoraBridge.Requests", LogLevel.Debug, var text) && text.StartsWith("pirate answered 4 tokens to ", StringComparison.Ordinal)));
        Assert.Contains(logs.Lines, line => line is ("LoraBridge.Requests", LogLevel.Debug, var text) && text.StartsWith("pirate embedded 1 texts of ", StringComparison.Ordinal));
        Assert.Contains(logs.Lines, line => line is ("LoraBridge.Native", LogLevel.Debug or LogLevel.Trace, _));
        Assert.DoesNotContain(logs.Lines, line => line.Text.Contains("market", StringComparison.Ordinal));
        Assert.Equal(
            ["LoraBridge.Model", "LoraBridge.Native", "LoraBridge.Requests"],
            logs.Lines.Select(line => line.Category).Where(category => category.StartsWith("LoraBridge", StringComparison.Ordinal)).Distinct().Order());
    }

    [Fact]
    public async Task A_failure_is_told()
    {
        using var folder = new TemporaryFolder();
        TinyAdapters.Create(SmallWorld.Path).Save(folder["pirate.gguf"]);
        File.Copy(SmallWorld.Path, folder["watched.gguf"]);
        using var watch = new Watch();
        using var logs = new Logs();
        await using var services = Host(folder, logs);
        var chat = services.GetRequiredService<IChatClient>();
        File.Delete(folder["pirate.gguf"]);
        await Assert.ThrowsAsync<FileNotFoundException>(() => chat.GetResponseAsync("Hello", new ChatOptions { ModelId = "pirate" }, Stop));
        await Assert.ThrowsAsync<FileNotFoundException>(async () =>
        {
            await foreach (var update in chat.GetStreamingResponseAsync("Hello", new ChatOptions { ModelId = "pirate" }, Stop))
                Assert.Fail("There is nothing to tell.");
        });
        var failed = watch.Activities.Where(activity => activity.Status == ActivityStatusCode.Error && activity.DisplayName == "lorabridge.generate pirate").ToList();
        Assert.Equal(2, failed.Count);
        Assert.All(failed, activity => Assert.Equal(typeof(FileNotFoundException).FullName, activity.GetTagItem("error.type")));
    }

    private static ServiceProvider Host(TemporaryFolder folder, Logs logs) => new ServiceCollection()
        .AddLogging(builder => builder.SetMinimumLevel(LogLevel.Trace).AddProvider(logs))
        .AddLoraBridge(folder["watched.gguf"], options => { options.ContextLength = 256; options.MaximumOutputTokens = 4; options.Threads = 1; })
        .AddAdapter("pirate", folder["pirate.gguf"])
        .AddChatClient()
        .AddEmbeddingGenerator()
        .Services.BuildServiceProvider();

    /// <summary>Listens to the source and the meter; only to what this flow of calls does, as tests run side by side.</summary>
    private sealed class Watch : IDisposable
    {
        private static readonly AsyncLocal<Watch?> Current = new();
        private readonly ActivityListener _activities;
        private readonly MeterListener _meters = new();
        private readonly ConcurrentQueue<(string Name, Dictionary<string, object?> Tags)> _measured = [];

        internal Watch()
        {
            Current.Value = this;
            _activities = new ActivityListener
            {
                ShouldListenTo = source => source.Name == LoraBridgeTelemetry.Name,
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
                ActivityStopped = activity =>
                {
                    if (Current.Value == this)
                        Activities.Enqueue(activity);
                },
            };
            ActivitySource.AddActivityListener(_activities);
            _meters.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == LoraBridgeTelemetry.Name)
                    listener.EnableMeasurementEvents(instrument);
            };
            _meters.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Add(instrument, tags));
            _meters.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Add(instrument, tags));
            _meters.Start();
        }

        internal ConcurrentQueue<Activity> Activities { get; } = [];

        internal IEnumerable<string> Measured(string instrument, params string[] tags) =>
            _measured.Where(measured => measured.Name == instrument).Select(measured => string.Join(' ', tags.Select(tag => measured.Tags[tag])));

        public void Dispose()
        {
            _activities.Dispose();
            _meters.Dispose();
        }

        private void Add(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (Current.Value == this)
                _measured.Enqueue((instrument.Name, tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value)));
        }
    }

    private sealed class Logs : ILoggerProvider
    {
        internal ConcurrentQueue<(string Category, LogLevel Level, string Text)> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => new Category(categoryName, Lines);

        public void Dispose()
        {
        }

        private sealed class Category(string category, ConcurrentQueue<(string, LogLevel, string)> lines) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                lines.Enqueue((category, logLevel, formatter(state, exception)));
        }
    }
}
