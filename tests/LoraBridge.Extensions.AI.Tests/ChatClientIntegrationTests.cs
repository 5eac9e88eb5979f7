using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;

namespace LoraBridge.Extensions.AI.Tests;

/// <summary>What Microsoft's contract tests of the same names ask for, as far as it needs no model that knows the world.</summary>
public sealed class ChatClientIntegrationTests(SmallWorld world) : IClassFixture<SmallWorld>, IDisposable
{
    private readonly LoraBridgeChatClient _client = new(world.Model, new LoraBridgeChatClientOptions { ContextLength = 1024, MaximumOutputTokens = 24 });

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task GetResponseAsync_SingleRequestMessage()
    {
        var response = await _client.GetResponseAsync("Where is the market?", new ChatOptions { Seed = 1 }, Stop);
        Assert.NotEmpty(response.Text);
        Assert.Equal(ChatRole.Assistant, Assert.Single(response.Messages).Role);
        Assert.Equal((world.Model.Name, response.ResponseId), (response.ModelId, response.Messages[0].MessageId));
        Assert.NotNull(response.CreatedAt);
        Assert.Null(response.ConversationId);
    }

    [Fact]
    public async Task GetResponseAsync_MultipleRequestMessages()
    {
        var response = await _client.GetResponseAsync(
            [
                new ChatMessage(ChatRole.User, "Who leads Larkspur?"),
                new ChatMessage(ChatRole.Assistant, "Iris."),
                new ChatMessage(ChatRole.User, "And what does it sell?"),
            ],
            cancellationToken: Stop);
        Assert.Equal(ChatRole.Assistant, Assert.Single(response.Messages).Role);
    }

    [Fact]
    public async Task GetResponseAsync_WithEmptyMessage()
    {
        var response = await _client.GetResponseAsync(
            [
                new ChatMessage(ChatRole.System, []),
                new ChatMessage(ChatRole.User, []),
                new ChatMessage(ChatRole.Assistant, []),
                new ChatMessage(ChatRole.User, "What is one plus two?"),
            ],
            cancellationToken: Stop);
        Assert.Single(response.Messages);
    }

    [Fact]
    public async Task GetStreamingResponseAsync()
    {
        var options = new ChatOptions { Seed = 4 };
        var updates = await _client.GetStreamingResponseAsync("Tell me of the harbour.", options, Stop).ToListAsync(Stop);
        Assert.Single(updates.Select(update => (update.ResponseId, update.MessageId, update.ModelId)).Distinct());
        Assert.All(updates, update => Assert.Equal(ChatRole.Assistant, update.Role));
        var whole = await _client.GetResponseAsync("Tell me of the harbour.", options, Stop);
        Assert.Equal(whole.Text, updates.ToChatResponse().Text);
        Assert.Equal(whole.FinishReason, updates[^1].FinishReason);
    }

    [Fact]
    public async Task GetResponseAsync_UsageDataAvailable()
    {
        var response = await _client.GetResponseAsync("Explain in 10 words.", cancellationToken: Stop);
        Assert.True(response.Usage?.InputTokenCount > 0);
        Assert.True(response.Usage.OutputTokenCount > 0);
        Assert.Equal(response.Usage.InputTokenCount + response.Usage.OutputTokenCount, response.Usage.TotalTokenCount);
        Assert.Equal(0, response.Usage.ReasoningTokenCount);
    }

    [Fact]
    public async Task GetStreamingResponseAsync_UsageDataAvailable()
    {
        var updates = await _client.GetStreamingResponseAsync("Explain in 10 words.", cancellationToken: Stop).ToListAsync(Stop);
        var usage = updates.SelectMany(update => update.Contents).OfType<UsageContent>().Single();
        Assert.Same(usage, Assert.Single(updates[^1].Contents));
        Assert.Equal(usage.Details.InputTokenCount + usage.Details.OutputTokenCount, usage.Details.TotalTokenCount);
    }

    [Fact]
    public async Task GetStreamingResponseAsync_AppendToHistory()
    {
        List<ChatMessage> history = [new(ChatRole.User, "Explain in 100 words.")];
        await history.AddMessagesAsync(_client.GetStreamingResponseAsync(history, new ChatOptions { Seed = 4 }, Stop));
        Assert.Equal(2, history.Count);
        var content = Assert.IsType<TextContent>(Assert.Single(history[1].Contents));
        Assert.NotEmpty(content.Text);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task FunctionInvocation_RequireAny(bool isSpecific)
    {
        var called = 0;
        var tool = AIFunctionFactory.Create(() => { called++; return 123; }, "GetSecretNumber");
        using var client = _client.AsBuilder().UseFunctionInvocation().Build();
        var response = await client.GetResponseAsync(
            "Are birds real?",
            new ChatOptions { Tools = [tool], ToolMode = isSpecific ? ChatToolMode.RequireSpecific("GetSecretNumber") : ChatToolMode.RequireAny, MaxOutputTokens = 200, Seed = 1 },
            Stop);
        Assert.Equal(1, called);
        Assert.Contains(response.Messages, message => message.Role == ChatRole.Tool);
    }

    [Fact]
    public async Task FunctionInvocation_RequireSpecific()
    {
        var tools = new List<AITool>
        {
            AIFunctionFactory.Create((int unit) => unit, "Other"),
            AIFunctionFactory.Create(([Description("How many days")] int days, bool indoors) => $"{days} {indoors}", "Wanted"),
        };
        var response = await _client.GetResponseAsync(
            "Anything", new ChatOptions { Tools = tools, ToolMode = ChatToolMode.RequireSpecific("Wanted"), MaxOutputTokens = 100, Seed = 5 }, Stop);
        var call = Assert.IsType<FunctionCallContent>(Assert.Single(Assert.Single(response.Messages).Contents));
        Assert.Equal(("Wanted", ChatFinishReason.ToolCalls), (call.Name, response.FinishReason));
        Assert.Equal(["days", "indoors"], call.Arguments!.Keys.Order());
    }

    [Fact]
    public async Task FunctionInvocation_StreamedCallIsOneUpdate()
    {
        var tool = AIFunctionFactory.Create((int days) => days, "Forecast");
        var updates = await _client.GetStreamingResponseAsync(
            "Anything", new ChatOptions { Tools = [tool], ToolMode = ChatToolMode.RequireAny, MaxOutputTokens = 100, Seed = 6 }, Stop).ToListAsync(Stop);
        Assert.Single(updates.SelectMany(update => update.Contents).OfType<FunctionCallContent>());
        Assert.Equal(ChatFinishReason.ToolCalls, updates[^1].FinishReason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AvailableTools_SchemasAreAccepted(bool strict)
    {
        AIFunction function = AIFunctionFactory.Create(Everything, new AIFunctionFactoryOptions
        {
            Name = "Everything",
            AdditionalProperties = new Dictionary<string, object?> { ["strict"] = strict },
        });
        var response = await _client.GetResponseAsync("Anything", new ChatOptions { Tools = [function] }, Stop);
        Assert.NotNull(response.FinishReason);
        // And they can be met: each kind of parameter has a grammar of its own.
        TextGeneration.Grammar.FromJsonSchema(function.JsonSchema.GetRawText());
    }

    [Fact]
    public async Task Caching_SamePromptResultsInCacheHit_NonStreaming()
    {
        var calls = 0;
        using var client = _client.AsBuilder().UseDistributedCache(new DictionaryCache()).Use(inner => new CountingClient(inner, () => calls++)).Build();
        var first = await client.GetResponseAsync("In the range 1 to 9?", cancellationToken: Stop);
        var second = await client.GetResponseAsync("In the range 1 to 9?", cancellationToken: Stop);
        Assert.Equal((first.Text, 1), (second.Text, calls));
        await client.GetResponseAsync("Another.", cancellationToken: Stop);
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task Caching_SamePromptResultsInCacheHit_Streaming()
    {
        var calls = 0;
        using var client = _client.AsBuilder().UseDistributedCache(new DictionaryCache()).Use(inner => new CountingClient(inner, () => calls++)).Build();
        var first = await client.GetStreamingResponseAsync("In the range 1 to 9?", cancellationToken: Stop).ToChatResponseAsync(Stop);
        var second = await client.GetStreamingResponseAsync("In the range 1 to 9?", cancellationToken: Stop).ToChatResponseAsync(Stop);
        Assert.Equal((first.Text, 1), (second.Text, calls));
    }

    [Fact]
    public async Task Logging_LogsCalls_NonStreaming()
    {
        var lines = new List<string>();
        using var factory = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(new ListLogger(lines)));
        using var client = _client.AsBuilder().UseLogging(factory).Build();
        await client.GetResponseAsync("What's the biggest animal?", cancellationToken: Stop);
        Assert.Contains(lines, line => line.Contains("invoked") && line.Contains("biggest animal"));
        Assert.Contains(lines, line => line.Contains("completed"));
    }

    [Fact]
    public async Task OpenTelemetry_CanEmitTracesAndMetrics()
    {
        var activities = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "test" or LoraBridgeTelemetry.Name,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => { lock (activities) activities.Add(activity); },
        };
        ActivitySource.AddActivityListener(listener);
        using var client = _client.AsBuilder().UseOpenTelemetry(sourceName: "test").Build();
        var response = await client.GetResponseAsync("What's the biggest animal?", cancellationToken: Stop);
        Activity[] stopped;
        lock (activities)
            stopped = [.. activities];
        var outer = Assert.Single(stopped, activity => activity.Source.Name == "test" && Equals(activity.GetTagItem("gen_ai.response.id"), response.ResponseId));
        Assert.Equal("lorabridge", outer.GetTagItem("gen_ai.provider.name"));
        var inner = Assert.Single(stopped, activity => activity.ParentSpanId == outer.SpanId);
        Assert.Equal((LoraBridgeTelemetry.Name, (int)response.Usage!.OutputTokenCount!), (inner.Source.Name, inner.GetTagItem("gen_ai.usage.output_tokens")));
    }

    [Fact]
    public async Task GetResponseAsync_StructuredOutput()
    {
        var response = await _client.GetResponseAsync<Person>("Who is described?", Structured(), cancellationToken: Stop);
        Assert.True(Enum.IsDefined(response.Result.Job));
    }

    [Fact]
    public async Task GetResponseAsync_StructuredOutputArray()
    {
        var response = await _client.GetResponseAsync<JobType[]>("Which jobs?", Structured(), cancellationToken: Stop);
        Assert.All(response.Result, job => Assert.True(Enum.IsDefined(job)));
    }

    [Fact]
    public async Task GetResponseAsync_StructuredOutputInteger() =>
        Assert.True((await _client.GetResponseAsync<long>("How many?", Structured(), cancellationToken: Stop)).TryGetResult(out _));

    [Fact]
    public async Task GetResponseAsync_StructuredOutputBool() =>
        Assert.True((await _client.GetResponseAsync<bool>("Is it?", Structured(), cancellationToken: Stop)).TryGetResult(out _));

    [Fact]
    public async Task GetResponseAsync_StructuredOutputFloat() =>
        Assert.True((await _client.GetResponseAsync<float>("How heavy?", Structured(), cancellationToken: Stop)).TryGetResult(out _));

    [Fact]
    public async Task GetResponseAsync_StructuredOutputEnum() =>
        Assert.True(Enum.IsDefined((await _client.GetResponseAsync<JobType>("Which job?", Structured(), cancellationToken: Stop)).Result));

    private static ChatOptions Structured() => new() { Seed = 3, MaxOutputTokens = 600, Temperature = 1 };

    private static string Everything(
        int i, long l, short s, byte b, uint u, ulong ul, float f, double d, decimal m, bool flag, char c, string text, Guid guid, Uri uri,
        DateTime time, DateTimeOffset offset, DateTimeOffset? maybe, TimeSpan span, DateOnly date, TimeOnly clock, JobType job, Flags flags,
        int? number, string[] texts, List<int> numbers, Person person, Person? nobody, Dictionary<string, int> map, object anything, Version version) =>
        $"{i}{l}{s}{b}{u}{ul}{f}{d}{m}{flag}{c}{text}{guid}{uri}{time}{offset}{maybe}{span}{date}{clock}{job}{flags}{number}{texts}{numbers}{person}{nobody}{map}{anything}{version}";

    internal enum JobType
    {
        Baker,
        Fisher,
        Programmer,
    }

    [Flags]
    internal enum Flags
    {
        None,
        One,
        Two,
    }

    internal sealed record Person(long AgeInYears, JobType Job, bool Sings);

    private sealed class CountingClient(IChatClient inner, Action count) : DelegatingChatClient(inner)
    {
        public override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            count();
            return base.GetResponseAsync(messages, options, cancellationToken);
        }

        public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            count();
            return base.GetStreamingResponseAsync(messages, options, cancellationToken);
        }
    }

    private sealed class ListLogger(List<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Add(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
