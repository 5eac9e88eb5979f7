using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration;

/// <summary>Answers to lists of turns as they stand.</summary>
public sealed class GenerateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);
    private readonly MultiTurnConversation _chat;

    public GenerateTests() => _chat = new(_model) { SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 12 };

    public void Dispose()
    {
        _chat.Dispose();
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Submit_is_generating_from_the_history()
    {
        _chat.SystemPrompt = "Be brief.";
        var first = _chat.Submit("One");
        var second = _chat.Submit("Two");
        using var other = new SingleTurnConversation(_model) { SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 12 };
        ChatMessage[] turns = [new("system", "Be brief."), new("user", "One")];
        Assert.Equal(first.Tokens, other.Generate(turns).Tokens);
        var again = other.Generate([.. turns, first.ToMessage(), new("user", "Two")]);
        Assert.Equal(second.Tokens, again.Tokens);
        Assert.Equal(second.ReadTokenCount, again.ReadTokenCount);
        Assert.Equal(4, _chat.ChatHistory.Count);
    }

    [Fact]
    public void An_assistants_turn_at_the_end_is_continued()
    {
        using var model = SmallWorld.Load();
        using var chat = new MultiTurnConversation(model) { SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 24 };
        ChatMessage[] question = [new("user", "Where does Dora live?")];
        var whole = chat.Generate(question);
        var begun = whole.Text[..(whole.Text.IndexOf(' ', 1) is > 0 and var end ? end : 3)];
        Assert.NotEqual(whole.Text, begun);
        var rest = chat.Generate([.. question, new("assistant", begun)]);
        Assert.Equal(whole.Text, begun + rest.Text);

        chat.ChatHistory.Add(question[0]);
        chat.ChatHistory.AddAssistantMessage(begun);
        Assert.Equal(rest.Tokens, chat.Continue().Tokens);
        Assert.Equal([question[0].Content, whole.Text], chat.ChatHistory.Select(message => message.Content));
    }

    [Fact]
    public async Task Results_of_tools_and_empty_turns_are_turns_like_others()
    {
        _chat.ChatHistory.Add(new("user", "What time is it?"));
        _chat.ChatHistory.Add(new("assistant", ""));
        _chat.ChatHistory.Add(new("tool", "12:00") { ToolCallId = "1" });
        ChatMessage[] turns = [.. _chat.ChatHistory];
        var expected = _chat.Generate(turns);
        Assert.Equal(3, _chat.ChatHistory.Count);
        Assert.Equal(expected.Tokens, (await _chat.ContinueAsync(TestContext.Current.CancellationToken)).Tokens);
        Assert.Equal(["user", "assistant", "tool", "assistant"], _chat.ChatHistory.Select(message => message.Role));
        Assert.Equal("<|im_start|>tool\n12:00<|im_end|>".Length, Prompt([.. turns]) - Prompt([.. turns[..2], new("tool", "")]) + "<|im_start|>tool\n<|im_end|>".Length);

        int Prompt(ChatMessage[] messages) => _chat.Generate(messages, new GenerationOptions { MaximumCompletionTokens = 0 }).PromptTokenCount;
    }

    [Fact]
    public void What_is_not_asked_for_is_as_the_conversation_has_it()
    {
        ChatMessage[] question = [new("user", "Hello")];
        var usual = _chat.Generate(question);
        Assert.Equal(12, usual.Tokens.Count);
        Assert.Equal(3, _chat.Generate(question, new GenerationOptions { MaximumCompletionTokens = 3 }).Tokens.Count);
        var stop = usual.Text.Substring(2, 2);
        Assert.Equal(StopReason.StopSequence, _chat.Generate(question, new GenerationOptions { StopSequences = [stop] }).StopReason);
        var seeded = new GenerationOptions { SamplingMode = new SamplingMode { Temperature = 2, Seed = 1 } };
        Assert.NotEqual(usual.Tokens, _chat.Generate(question, seeded).Tokens);
        Assert.Equal(usual.Tokens, _chat.Generate(question).Tokens);
    }

    [Fact]
    public void Adapters_can_be_chosen_for_one_answer()
    {
        TinyAdapters.Create(TinyModels.PathOf(TinyArchitecture.Llama), scaleOfB: 0.3f).Save(_folder["adapter.gguf"]);
        var adapter = new LoraAdapter(_folder["adapter.gguf"]);
        ChatMessage[] question = [new("user", "Hello")];
        var bare = _chat.Generate(question);
        var adapted = _chat.Generate(question, new GenerationOptions { Adapters = [adapter] });
        Assert.NotEqual(bare.Tokens, adapted.Tokens);
        Assert.Equal(bare.Tokens, _chat.Generate(question).Tokens);
        _model.ApplyLoraAdapter(adapter);
        Assert.Equal(adapted.Tokens, _chat.Generate(question).Tokens);
        Assert.Equal(bare.Tokens, _chat.Generate(question, new GenerationOptions { Adapters = [] }).Tokens);
    }

    [Fact]
    public async Task Streaming_ends_with_the_result()
    {
        ChatMessage[] question = [new("user", "Hello")];
        var expected = _chat.Generate(question);
        List<GenerationUpdate> updates = [];
        await foreach (var update in _chat.GenerateStreamingAsync(question, cancellationToken: TestContext.Current.CancellationToken))
            updates.Add(update);
        Assert.Equal(expected.Text, string.Concat(updates.SkipLast(1).Cast<TextUpdate>().Select(update => update.Text)));
        var result = Assert.IsType<ResultUpdate>(updates[^1]).Result;
        Assert.Equal((expected.Text, StopReason.MaximumTokens), (result.Text, result.StopReason));
        Assert.Equal(expected.Tokens, (await _chat.GenerateAsync(question, cancellationToken: TestContext.Current.CancellationToken)).Tokens);
    }

    [Fact]
    public void Turns_are_checked()
    {
        Assert.Throws<ArgumentNullException>(() => _chat.Generate(null!));
        Assert.Throws<ArgumentException>(() => _chat.Generate([new("user", "a"), null!]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GenerationOptions { MaximumCompletionTokens = -1 });
        Assert.Throws<ArgumentException>(() => new GenerationOptions { StopSequences = [""] });
        Assert.NotNull(_chat.Generate([]));
    }

    [Fact]
    public void The_greatest_seed_is_a_seed_like_any_other()
    {
        var texts = Enumerable.Range(0, 3).Select(_ => Ask(uint.MaxValue)).ToList();
        Assert.Single(texts.Distinct());
        Assert.NotEqual(texts[0], Ask(uint.MaxValue - 1));

        string Ask(uint seed) => _chat.Generate(
            [new("user", "Hello")], new GenerationOptions { SamplingMode = new SamplingMode { Temperature = 2, Seed = seed } }).Text;
    }

    [Fact]
    public void A_token_costs_no_large_allocation()
    {
        var logits = new float[262144];
        for (var i = 0; i < logits.Length; i++)
            logits[i] = i % 977 / 100f;
        using var sampler = new TokenSampler(SamplingMode.Default with { Seed = 1 }, _model.Vocabulary);
        sampler.Choose(logits);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 8; i++)
            sampler.Choose(logits);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 * 1024);
    }
}
