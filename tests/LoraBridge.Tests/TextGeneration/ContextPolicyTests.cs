using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration;

/// <summary>What a full context leaves out, and what that costs.</summary>
public sealed class ContextPolicyTests : IDisposable
{
    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(ContextPolicy.DropOldest, 2.0)]
    [InlineData(ContextPolicy.Shift, 1.1)]
    public void Dropping_reads_little_again_and_leaves_answers_their_room(ContextPolicy policy, double most)
    {
        using var model = SmallWorld.Load();
        using var chat = new MultiTurnConversation(model, contextLength: 480)
        {
            SystemPrompt = "Be brief.", SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 24, ContextPolicy = policy,
        };
        using var single = new SingleTurnConversation(model) { MaximumCompletionTokens = 0 };
        var (read, added, omitted) = (0, 0, 0);
        for (var turn = 0; turn < 200; turn++)
        {
            var question = $"What drink does Carl love? I ask for the {turn}th time.";
            var result = chat.Submit(question, TestContext.Current.CancellationToken);
            Assert.NotEqual(StopReason.ContextFull, result.StopReason);
            Assert.InRange(result.PromptTokenCount, 1, 480 - 24);
            read += result.ReadTokenCount;
            added += single.Submit(question, TestContext.Current.CancellationToken).PromptTokenCount + result.Tokens.Count;
            omitted = result.OmittedMessageCount;
        }
        Assert.InRange(omitted, 300, 398);
        Assert.Equal(400, chat.ChatHistory.Count);
        Assert.True(read < most * added, $"{read} tokens were read for {added} new ones");
    }

    [Fact]
    public void Long_histories_are_cut_without_reading_them()
    {
        var template = new CountingTemplate();
        var builder = new PromptBuilder(_model.Vocabulary, template);
        List<ChatMessage> messages = [new("system", "Be brief.")];
        for (var i = 0; i < 800; i++)
        {
            messages.Add(new("user", $"Question {i}: {new string('?', i * 7 % 90)}"));
            messages.Add(new("assistant", new string('!', i * 13 % 70)));
        }
        messages.Add(new("user", "And now?"));
        var window = new PromptWindow();

        var prompt = window.Fit(builder, messages, default, 480, 64, ContextPolicy.DropOldest, TestContext.Current.CancellationToken);

        Assert.InRange(prompt.Tokens.Length, 60, (480 - 64) / 2);
        Assert.InRange(template.Messages, 1, 200);
        template.Messages = 0;
        messages.AddRange([new("assistant", "Well."), new("user", "And then?")]);
        var next = window.Fit(builder, messages, default, 480, 64, ContextPolicy.DropOldest, TestContext.Current.CancellationToken);
        Assert.Equal(prompt.OmittedMessages, next.OmittedMessages);
        Assert.InRange(template.Messages, 1, 20);

        template.Cancel();
        Assert.Throws<OperationCanceledException>(() =>
            new PromptWindow().Fit(builder, messages, default, 480, 64, ContextPolicy.DropOldest, template.Token));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(40)]
    public void As_much_as_fits_is_kept_and_the_system_turn_always(int exchanges)
    {
        var builder = new PromptBuilder(_model.Vocabulary, new PlainChatTemplate());
        List<ChatMessage> messages = [new("system", "S")];
        for (var i = 0; i < exchanges; i++)
            messages.AddRange([new("user", new string((char)('a' + i % 26), 10)), new("assistant", "b"), new("tool", "c"), new("assistant", "d")]);
        messages.Add(new("user", "last"));
        var prompt = new PromptWindow().Fit(builder, messages, default, 400, 100, ContextPolicy.DropOldest, TestContext.Current.CancellationToken);
        var text = _model.Detokenize(prompt.Tokens);
        Assert.StartsWith("System: S\nUser: ", text);
        Assert.EndsWith("User: last\nAssistant:", text);
        Assert.Equal(0, prompt.OmittedMessages % 4);
        Assert.Equal(exchanges <= 5, prompt.OmittedMessages == 0);
        if (exchanges > 5)
            Assert.InRange(prompt.Tokens.Length, 100, 150);
    }

    [Fact]
    public void Another_conversation_is_not_cut_where_the_last_one_was()
    {
        var builder = new PromptBuilder(_model.Vocabulary, new PlainChatTemplate());
        var window = new PromptWindow();
        Assert.NotEqual(0, Fit(Conversation(40, 20)).OmittedMessages);
        Assert.Equal(0, Fit(Conversation(81, 1)).OmittedMessages);

        Prompt Fit(List<ChatMessage> messages) =>
            window.Fit(builder, messages, default, 2000, 100, ContextPolicy.DropOldest, TestContext.Current.CancellationToken);

        static List<ChatMessage> Conversation(int exchanges, int length) =>
        [
            .. Enumerable.Range(0, exchanges).SelectMany<int, ChatMessage>(_ => [new("user", new string('a', 3 * length)), new("assistant", "b")]),
            new("user", "last"),
        ];
    }

    [Fact]
    public void A_promise_that_no_context_could_keep_is_one_of_half_of_it()
    {
        var builder = new PromptBuilder(_model.Vocabulary, new PlainChatTemplate());
        List<ChatMessage> messages = [new("user", new string('a', 120)), new("assistant", "b"), new("user", "last")];
        Assert.Equal(0, Fit(400, room: 1000).OmittedMessages);
        Assert.Equal(2, Fit(300, room: 1000).OmittedMessages);

        Prompt Fit(int length, int room) =>
            new PromptWindow().Fit(builder, messages, default, length, room, ContextPolicy.DropOldest, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_last_turn_of_a_tool_is_kept_without_its_question(bool continuesAnswer)
    {
        var builder = new PromptBuilder(_model.Vocabulary, new PlainChatTemplate());
        List<ChatMessage> messages = [new("user", new string('a', 500)), new("assistant", "b"), new("tool", "found")];
        if (continuesAnswer)
            messages.Add(new("assistant", "It is"));
        var prompt = new PromptWindow().Fit(builder, messages, default, 400, 100, ContextPolicy.DropOldest, TestContext.Current.CancellationToken);
        Assert.Equal(2, prompt.OmittedMessages);
        Assert.StartsWith("Tool: found", _model.Detokenize(prompt.Tokens));
    }

    [Fact]
    public void Throwing_says_how_much_there_is_and_changes_nothing()
    {
        using var chat = Chat(ContextPolicy.Throw, length: 256, answer: 100);
        chat.Submit(new string('x', 50));
        var failure = Assert.Throws<InvalidOperationException>(() => chat.Submit(new string('x', 100)));
        Assert.Contains("256", failure.Message);
        Assert.Contains("100", failure.Message);
        Assert.Equal(2, chat.ChatHistory.Count);
    }

    [Fact]
    public void An_answer_that_fills_the_context_goes_on_where_it_can_be_shifted()
    {
        // A random model may end any answer early: one of these goes on.
        var results = Enumerable.Range(0, 40).Select(i =>
        {
            using var chat = Chat(ContextPolicy.Shift, length: 64, answer: 100);
            chat.SystemPrompt = "S";
            var shifted = chat.Submit($"{i}", TestContext.Current.CancellationToken);
            chat.ContextPolicy = ContextPolicy.DropOldest;
            return (Shifted: shifted, Ended: chat.RegenerateResponse(TestContext.Current.CancellationToken));
        }).ToList();
        Assert.All(results, result => Assert.NotEqual(StopReason.ContextFull, result.Shifted.StopReason));
        Assert.Contains(results, result => result.Shifted.StopReason == StopReason.MaximumTokens);
        Assert.All(results.Where(result => result.Shifted.Tokens.Count > 64), result =>
        {
            Assert.Equal((StopReason.ContextFull, 64 - result.Ended.PromptTokenCount), (result.Ended.StopReason, result.Ended.Tokens.Count));
            Assert.Equal(result.Ended.Tokens, result.Shifted.Tokens.Take(result.Ended.Tokens.Count));
        });
    }

    private MultiTurnConversation Chat(ContextPolicy policy, int length, int answer) => new(_model, contextLength: length)
    {
        SamplingMode = SamplingMode.Greedy,
        MaximumCompletionTokens = answer,
        ContextPolicy = policy,
    };

    /// <summary>Counts the messages that it renders.</summary>
    private sealed class CountingTemplate : IChatTemplate
    {
        private readonly CancellationTokenSource _source = new();
        private readonly PlainChatTemplate _template = new();
        private bool _cancels;

        internal int Messages { get; set; }

        internal CancellationToken Token => _source.Token;

        public RenderedChat Render(ChatTemplateRequest request)
        {
            Messages += request.Messages.Count;
            if (_cancels)
                _source.Cancel();
            return _template.Render(request);
        }

        internal void Cancel() => _cancels = true;
    }
}
