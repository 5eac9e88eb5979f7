using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;
using Microsoft.Extensions.AI;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using ChatRole = Microsoft.Extensions.AI.ChatRole;

namespace LoraBridge.Extensions.AI.Tests;

/// <summary>Every option of a request does what it says.</summary>
public sealed class ChatOptionsTests : IClassFixture<SmallWorld>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SmallWorld _world;
    private readonly LoraAdapter _adapter;
    private readonly LoraBridgeChatClient _client;

    public ChatOptionsTests(SmallWorld world)
    {
        _world = world;
        TinyAdapters.Create(SmallWorld.Path).Save(_folder["pirate.gguf"]);
        _adapter = new LoraAdapter(_folder["pirate.gguf"]) { Scale = 30 };
        _client = new LoraBridgeChatClient(world.Model, new LoraBridgeChatClientOptions
        {
            ModelId = "small",
            ContextLength = 512,
            MaximumOutputTokens = 16,
            SamplingMode = SamplingMode.Greedy,
            Adapters = new Dictionary<string, LoraAdapter> { ["pirate"] = _adapter },
            KeptConversations = 2,
        });
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Adapters_are_chosen_by_name_by_property_or_not_at_all()
    {
        var plain = await Ask(null);
        var named = await Ask(new ChatOptions { ModelId = "pirate" });
        Assert.NotEqual(plain.Text, named.Text);
        Assert.Equal(named.Text, (await Ask(new ChatOptions { ModelId = "small+pirate" })).Text);
        Assert.Equal(named.Text, (await Ask(new ChatOptions().UseAdapters(_adapter))).Text);
        Assert.Equal(named.Text, (await Ask(With("lorabridge.adapters", "pirate"))).Text);
        Assert.Equal(plain.Text, (await Ask(new ChatOptions { ModelId = "small" })).Text);
        Assert.Equal(plain.Text, (await Ask(new ChatOptions().UseAdapters())).Text);
        Assert.Equal(("small", "pirate"), (plain.ModelId, named.ModelId));
        var unknown = await Assert.ThrowsAsync<ArgumentException>(() => Ask(new ChatOptions { ModelId = "parrot" }));
        Assert.Contains("there are 'small', 'pirate'", unknown.Message);
    }

    [Fact]
    public async Task Seeds_repeat_an_answer()
    {
        var texts = new List<string>();
        foreach (var seed in (long[])[7, 7, 8, 7L << 32])
            texts.Add((await Ask(new ChatOptions { Seed = seed, Temperature = 1.5f, TopK = 0, TopP = 1 })).Text);
        Assert.Equal(texts[0], texts[1]);
        Assert.NotEqual(texts[0], texts[2]);
    }

    [Fact]
    public async Task Limits_and_stops_end_an_answer()
    {
        var whole = await Ask(null);
        var cut = await Ask(new ChatOptions { MaxOutputTokens = 3 });
        Assert.Equal((3, ChatFinishReason.Length), (cut.Usage!.OutputTokenCount, cut.FinishReason));
        var stop = whole.Text[3..6];
        var stopped = await Ask(new ChatOptions { StopSequences = [stop] });
        Assert.Equal((whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)], ChatFinishReason.Stop), (stopped.Text, stopped.FinishReason));
    }

    [Fact]
    public async Task Instructions_and_penalties_change_an_answer()
    {
        var whole = await Ask(null);
        Assert.True((await Ask(new ChatOptions { Instructions = "Be brief." })).Usage!.InputTokenCount > whole.Usage!.InputTokenCount);
        Assert.NotEqual(whole.Text, (await Ask(new ChatOptions { PresencePenalty = 5, FrequencyPenalty = 1 })).Text);
        Assert.NotEqual(whole.Text, (await Ask(With("repeat_penalty", 3))).Text);
        Assert.Equal(whole.Text, (await Ask(With("min_p", 0.2))).Text);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Ask(new ChatOptions { TopP = 2 }));
        await Assert.ThrowsAsync<ArgumentException>(() => Ask(With("min_p", new object())));
    }

    [Fact]
    public async Task Formats_and_grammars_hold()
    {
        Assert.Matches("^(yes|no)$", (await Ask(With("grammar", "root ::= \"yes\" | \"no\""))).Text);
        Assert.Equal("maybe", (await Ask(With("grammar", Grammar.Parse("root ::= \"maybe\"")))).Text);
        var fault = await Assert.ThrowsAsync<GrammarException>(() => Ask(With("grammar", "root ::= (")));
        Assert.Contains("line 1", fault.Message);
        var json = await Ask(new ChatOptions { ResponseFormat = ChatResponseFormat.Json, MaxOutputTokens = 40 });
        Assert.StartsWith("{", json.Text);
        var refused = ChatResponseFormat.ForJsonSchema(System.Text.Json.JsonElement.Parse("""{"not": {}}"""));
        Assert.Contains("'not'", (await Assert.ThrowsAsync<GrammarException>(() => Ask(new ChatOptions { ResponseFormat = refused }))).Message);
    }

    [Fact]
    public async Task A_raw_request_fills_what_the_options_leave_open()
    {
        var options = new ChatOptions { RawRepresentationFactory = _ => new GenerationOptions { MaximumCompletionTokens = 2, Adapters = [_adapter] } };
        Assert.Equal(2, (await Ask(options)).Usage!.OutputTokenCount);
        options.MaxOutputTokens = 4;
        Assert.Equal(4, (await Ask(options)).Usage!.OutputTokenCount);
    }

    [Fact]
    public async Task Conversations_are_kept_by_id()
    {
        var first = await Ask(null);
        var second = await Ask(new ChatOptions { ConversationId = first.ConversationId });
        Assert.Equal(first.ConversationId, second.ConversationId);
        Assert.True(second.Usage!.InputTokenCount > first.Usage!.InputTokenCount);
        Assert.True(second.Usage.CachedInputTokenCount > 0);
        await Ask(null);
        await Ask(null);
        Assert.Contains("was forgotten", (await Assert.ThrowsAsync<ArgumentException>(
            () => Ask(new ChatOptions { ConversationId = first.ConversationId }))).Message);
    }

    [Fact]
    public async Task What_the_model_cannot_read_is_refused_by_name()
    {
        var image = new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")]);
        Assert.Contains("DataContent", (await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync([image], null, Stop))).Message);
        Assert.Contains("HostedWebSearchTool", (await Assert.ThrowsAsync<NotSupportedException>(
            () => Ask(new ChatOptions { Tools = [new HostedWebSearchTool()] }))).Message);
        await Assert.ThrowsAsync<ArgumentNullException>(() => _client.GetResponseAsync((IEnumerable<ChatMessage>)null!, null, Stop));
    }

    [Fact]
    public async Task Requests_run_at_the_same_time_and_can_be_cancelled()
    {
        var expected = (await Ask(null)).Text;
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Ask(null)));
        Assert.All(answers, answer => Assert.Equal(expected, answer.Text));
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _client.GetResponseAsync("Hello", null, cancelled.Token));
    }

    [Fact]
    public void Services_tell_what_is_behind()
    {
        Assert.Same(_client, _client.GetService<LoraBridgeChatClient>());
        Assert.Same(_client, _client.GetService<IChatClient>());
        Assert.Same(_world.Model, _client.GetService<LM>());
        var metadata = _client.GetService<ChatClientMetadata>()!;
        Assert.Equal(("lorabridge", "small", null), (metadata.ProviderName, metadata.DefaultModelId, metadata.ProviderUri));
        Assert.Null(_client.GetService(typeof(LM), "key"));
        Assert.Null(_client.GetService<string>());
    }

    private Task<ChatResponse> Ask(ChatOptions? options) => _client.GetResponseAsync("Where is the market?", options, Stop);

    private static ChatOptions With(string name, object value) => new() { AdditionalProperties = new() { [name] = value } };
}
