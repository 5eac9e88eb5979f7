using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration;

public sealed class ConversationTests : IDisposable
{
    private static readonly SamplingMode Seeded = new() { Temperature = 1, TopK = 50, TopP = 0.99f, MinP = 0.001f, Seed = 42 };

    private readonly TemporaryFolder _folder = new();
    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_seed_repeats_an_answer_and_another_seed_does_not()
    {
        var texts = new[] { 42u, 42u, 43u }.Select(seed => Ask(Chat(Seeded with { Seed = seed }))).ToList();
        Assert.Equal(texts[0], texts[1]);
        Assert.NotEqual(texts[0], texts[2]);
        Assert.Equal(Ask(Chat(SamplingMode.Greedy)), Ask(Chat(SamplingMode.Greedy)));
    }

    [Fact]
    public void Results_tell_what_happened()
    {
        using var chat = Chat(SamplingMode.Greedy);
        chat.MaximumCompletionTokens = 5;
        var result = chat.Submit("Hello");
        Assert.True(result.Tokens.Count <= 5);
        // One token for a byte, and one for each of the three marks.
        Assert.Equal("user\nHello\nassistant\n".Length + 3, result.PromptTokenCount);
        Assert.Equal(result.PromptTokenCount, result.ReadTokenCount);
        Assert.True(result.PromptTokensPerSecond > 0);
        Assert.Equal(["user", "assistant"], chat.ChatHistory.Select(message => message.Role));

        chat.MaximumCompletionTokens = 0;
        result = chat.Submit("Again");
        Assert.Equal((StopReason.MaximumTokens, ""), (result.StopReason, result.Text));
        Assert.True(result.ReadTokenCount < result.PromptTokenCount, "the first turn should be remembered");
    }

    [Fact]
    public async Task Streaming_gives_the_same_text()
    {
        using var whole = Chat(Seeded);
        using var streamed = Chat(Seeded);
        foreach (var message in (string[])["One", "Two"])
        {
            var expected = whole.Submit(message);
            var updates = new List<GenerationUpdate>();
            await foreach (var update in streamed.SubmitStreamingAsync(message))
                updates.Add(update);
            var pieces = updates.OfType<TextUpdate>().Select(update => update.Text).ToList();
            Assert.Equal(expected.Text, string.Concat(pieces));
            Assert.Equal(expected.Tokens, Assert.IsType<ResultUpdate>(updates[^1]).Result.Tokens);
            Assert.Equal(updates.Count - 1, pieces.Count);
            Assert.All(pieces, piece => Assert.NotEmpty(piece));
        }
        Assert.Equal(whole.ChatHistory, streamed.ChatHistory);
        Assert.Equal(expected: (await whole.SubmitAsync("Three")).Text, (await streamed.SubmitAsync("Three")).Text);
    }

    [Fact]
    public void A_stop_sequence_ends_an_answer_and_is_not_part_of_it()
    {
        var full = Ask(Chat(Seeded));
        Assert.True(full.Length > 8, full);
        var stop = full.Substring(4, 3);
        using var chat = Chat(Seeded);
        chat.StopSequences = ["never in there", stop];
        var result = chat.Submit("Hello");
        Assert.Equal(StopReason.StopSequence, result.StopReason);
        Assert.Equal(full[..full.IndexOf(stop, StringComparison.Ordinal)], result.Text);
    }

    [Fact]
    public void An_adapter_that_changes_within_a_conversation_is_as_if_it_had_always_been_there()
    {
        var adapter = new LoraAdapter(SaveAdapter("swap", seed: 3));
        using var chat = Chat(SamplingMode.Greedy);
        chat.Submit("First");
        _model.ApplyLoraAdapter(adapter);
        var swapped = chat.Submit("Second");

        using var fresh = Chat(SamplingMode.Greedy, new ChatHistory(chat.ChatHistory.Take(2)));
        var expected = fresh.Submit("Second");
        Assert.Equal(expected.Tokens, swapped.Tokens);
        Assert.Equal(swapped.PromptTokenCount, swapped.ReadTokenCount);

        adapter.Scale = 0.25f;
        var rescaled = chat.RegenerateResponse();
        Assert.Equal(rescaled.PromptTokenCount, rescaled.ReadTokenCount);
        _model.RemoveLoraAdapter(adapter);
        var without = chat.RegenerateResponse();
        using var plain = Chat(SamplingMode.Greedy, new ChatHistory(chat.ChatHistory.Take(2)));
        Assert.Equal(plain.Submit("Second").Tokens, without.Tokens);
    }

    [Fact]
    public void A_conversation_can_have_adapters_of_its_own()
    {
        var mine = new LoraAdapter(SaveAdapter("mine", seed: 5));
        _model.ApplyLoraAdapter(SaveAdapter("models", seed: 6));
        var withModels = Ask(Chat(SamplingMode.Greedy));
        using var chat = Chat(SamplingMode.Greedy);
        chat.SetAdapters([mine]);
        Assert.Equal([mine], chat.Adapters);
        var withMine = chat.Submit("Hello").Text;
        chat.ClearHistory();
        chat.SetAdapters([]);
        var withNone = chat.Submit("Hello").Text;
        chat.ClearHistory();
        chat.SetAdapters(null);

        Assert.Equal(withModels, chat.Submit("Hello").Text);
        Assert.Equal(3, new[] { withModels, withMine, withNone }.Distinct().Count());
    }

    [Fact]
    public void A_cancelled_call_leaves_the_history_as_it_was()
    {
        using var chat = Chat(SamplingMode.Greedy);
        chat.Submit("Hello");
        Assert.ThrowsAny<OperationCanceledException>(() => chat.Submit("More", new CancellationToken(canceled: true)));
        Assert.Equal(2, chat.ChatHistory.Count);
        Assert.NotNull(chat.Submit("More"));
        Assert.Equal(4, chat.ChatHistory.Count);
    }

    [Fact]
    public async Task Whoever_stops_reading_stops_the_answer()
    {
        using var chat = Chat(Seeded);
        await foreach (var update in chat.SubmitStreamingAsync("Hello"))
        {
            Assert.IsType<TextUpdate>(update);
            break;
        }
        Assert.Equal(["user", "assistant"], chat.ChatHistory.Select(message => message.Role));
        // It may have been stopped in the midst of a character.
        Assert.StartsWith(chat.ChatHistory[1].Content.TrimEnd('\uFFFD'), Ask(Chat(Seeded)));
        chat.ClearHistory();
        Assert.Equal(Ask(Chat(Seeded)), chat.Submit("Hello").Text);
    }

    [Fact]
    public void The_oldest_turns_give_way_when_the_context_is_full()
    {
        using var chat = new MultiTurnConversation(_model, contextLength: 256)
        {
            SamplingMode = SamplingMode.Greedy,
            MaximumCompletionTokens = 8,
            SystemPrompt = "Be brief.",
        };
        TextGenerationResult result = null!;
        for (var i = 0; i < 6; i++)
            result = chat.Submit(new string('x', 50));
        Assert.True(result.OmittedMessageCount > 0);
        Assert.Equal(12, chat.ChatHistory.Count);
        var failure = Assert.Throws<InvalidOperationException>(() => chat.Submit(new string('x', 300)));
        Assert.Contains("255", failure.Message);
        Assert.Equal(12, chat.ChatHistory.Count);
    }

    [Fact]
    public void A_full_context_ends_an_answer()
    {
        using var single = new SingleTurnConversation(_model, contextLength: 32) { UseChatTemplate = false, SamplingMode = Seeded };
        var result = single.Submit("0123456789");
        Assert.Equal(10, result.PromptTokenCount);
        Assert.True(result.StopReason is StopReason.ContextFull or StopReason.EndOfTurn);
        Assert.True(result.Tokens.Count <= 22);
        Assert.Throws<ArgumentException>(() => single.Submit(new string('x', 32)));
    }

    [Fact]
    public async Task Conversations_on_one_model_run_side_by_side()
    {
        var expected = Ask(Chat(Seeded));
        var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => Ask(Chat(Seeded)))));
        Assert.All(answers, answer => Assert.Equal(expected, answer));
    }

    [Fact]
    public void A_conversation_outlives_its_model()
    {
        var model = TinyModels.Load(TinyArchitecture.Gemma3);
        using var chat = new MultiTurnConversation(model) { MaximumCompletionTokens = 4 };
        model.Dispose();
        Assert.NotNull(chat.Submit("Still there?"));
        Assert.Throws<ObjectDisposedException>(() => new MultiTurnConversation(model));
        chat.Dispose();
        Assert.Throws<ObjectDisposedException>(() => chat.Submit("And now?"));
    }

    [Fact]
    public void Arguments_are_checked()
    {
        using var chat = Chat(SamplingMode.Greedy);
        Assert.ThrowsAny<ArgumentException>(() => chat.Submit(" "));
        Assert.Throws<ArgumentException>(() => chat.StopSequences = [""]);
        Assert.Throws<ArgumentOutOfRangeException>(() => chat.MaximumCompletionTokens = -1);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingMode { Temperature = float.NaN });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingMode { TopP = 0 });
        Assert.Throws<InvalidOperationException>(() => chat.RegenerateResponse());
        Assert.Throws<ArgumentOutOfRangeException>(() => new MultiTurnConversation(_model, contextLength: -1));
        Assert.Throws<InsufficientMemoryException>(() => new MultiTurnConversation(_model, contextLength: int.MaxValue));
    }

    private MultiTurnConversation Chat(SamplingMode mode, ChatHistory? history = null) =>
        new(_model, history) { SamplingMode = mode, MaximumCompletionTokens = 24 };

    private static string Ask(MultiTurnConversation chat)
    {
        using (chat)
            return chat.Submit("Hello").Text;
    }

    private string SaveAdapter(string name, int seed)
    {
        var path = _folder[$"{name}.gguf"];
        TinyAdapters.Create(TinyModels.PathOf(TinyArchitecture.Llama), scaleOfB: 0.3f, seed: seed).Save(path);
        return path;
    }
}
