using LoraBridge.Data;
using LoraBridge.Finetuning;
using LoraBridge.TextGeneration;
using LoraBridge.Training.Batching;

namespace LoraBridge.Tests.Data;

public class SampleTokenizerTests
{
    private const string ChatMl =
        "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    private static readonly ChatHistory TwoTurns =
    [
        new(ChatRole.System, "S"), new(ChatRole.User, "U1"), new(ChatRole.Assistant, "A1"), new(ChatRole.User, "U2"), new(ChatRole.Assistant, "A2"),
    ];

    [Fact]
    public void Only_the_assistants_turns_are_learnt_with_the_mark_that_ends_them()
    {
        var (sample, isUnmasked) = Tokenize(ChatMl, TwoTurns);
        Assert.False(isUnmasked);
        Assert.Equal("A1<|im_end|>\nA2<|im_end|>\n", ByteTokenizer.Learnt(sample));
        Assert.Equal("<s>" + new JinjaChatTemplate(ChatMl).Render(TwoTurns, false), ByteTokenizer.Text(sample.Tokens));
        Assert.All(sample.Labels.Zip(sample.Tokens), pair => Assert.True(pair.First == TrainingSample.Ignored || pair.First == pair.Second));
    }

    [Fact]
    public void Everything_but_the_first_token_is_learnt_when_asked_for()
    {
        var (sample, isUnmasked) = Tokenize(ChatMl, TwoTurns, assistantLossOnly: false);
        Assert.False(isUnmasked);
        Assert.Equal(sample.Tokens[1..], sample.Labels[1..]);
        Assert.Equal(TrainingSample.Ignored, sample.Labels[0]);
    }

    [Fact]
    public void A_template_that_writes_the_beginning_itself_gets_no_second_one()
    {
        var (sample, _) = Tokenize("{{ bos_token }}" + ChatMl, TwoTurns);
        Assert.Equal(1, sample.Tokens.Count(token => token == ByteTokenizer.Beginning));
        Assert.Equal("A1<|im_end|>\nA2<|im_end|>\n", ByteTokenizer.Learnt(sample));
    }

    [Fact]
    public void A_prompt_that_opens_a_thought_the_history_does_not_show_is_no_obstacle()
    {
        var (sample, isUnmasked) = Tokenize(ChatMl.Replace("assistant\n' }}", "assistant\n<think>' }}"), TwoTurns);
        Assert.False(isUnmasked);
        Assert.Equal("A1<|im_end|>\nA2<|im_end|>\n", ByteTokenizer.Learnt(sample));
    }

    [Fact]
    public void A_template_that_shows_the_last_turn_otherwise_is_no_obstacle()
    {
        const string Template =
            "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}"
            + "{% if loop.last and m.role == 'assistant' %}<think>{{ m.reasoning_content }}</think>{% endif %}{{ m.content + '<|im_end|>\n' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
        ChatHistory chat = [TwoTurns[1], TwoTurns[2] with { Reasoning = "old" }, TwoTurns[3], TwoTurns[4] with { Reasoning = "new" }];
        var (sample, isUnmasked) = Tokenize(Template, chat);
        Assert.False(isUnmasked);
        Assert.Equal("A1<|im_end|>\n<think>new</think>A2<|im_end|>\n", ByteTokenizer.Learnt(sample));
    }

    [Fact]
    public void A_template_that_closes_the_whole_text_is_no_obstacle()
    {
        var (sample, isUnmasked) = Tokenize(ChatMl.Replace("{% endif %}", "{% else %}</s>{% endif %}"), TwoTurns);
        Assert.False(isUnmasked);
        Assert.Equal("A1<|im_end|>\nA2<|im_end|>\n</s>", ByteTokenizer.Learnt(sample));
    }

    [Fact]
    public void A_template_whose_beginning_depends_on_the_end_is_no_obstacle()
    {
        var (sample, isUnmasked) = Tokenize("{{ messages|length }}" + ChatMl, TwoTurns);
        Assert.False(isUnmasked);
        Assert.Equal("A1<|im_end|>\nA2<|im_end|>\n", ByteTokenizer.Learnt(sample));
    }

    [Fact]
    public void A_template_that_gathers_what_the_assistant_says_is_learnt_as_a_whole_and_said_so()
    {
        const string Gathering = "{% for m in messages if m.role == 'assistant' %}{{ m.content }}{% endfor %}{% for m in messages if m.role != 'assistant' %}{{ m.content }}{% endfor %}";
        var (sample, isUnmasked) = Tokenize(Gathering, TwoTurns);
        Assert.True(isUnmasked);
        Assert.Equal(sample.Tokens.Length - 1, sample.TargetCount);
    }

    [Fact]
    public void A_token_that_straddles_the_start_of_a_turn_is_learnt()
    {
        ChatHistory chat = [new(ChatRole.User, "U"), new(ChatRole.Assistant, "\nA")];
        Assert.Equal("\n\nA<|im_end|>\n", ByteTokenizer.Learnt(Tokenize(ChatMl, chat).Sample));
    }

    [Fact]
    public void What_the_template_refuses_or_no_assistant_says_is_a_bad_row()
    {
        Assert.Contains("no turn of the assistant", Assert.Throws<DatasetRowException>(() => Tokenize(ChatMl, [new(ChatRole.User, "U")])).Message);
        Assert.Contains("sorry", Assert.Throws<DatasetRowException>(() => Tokenize("{{ raise_exception('sorry') }}", TwoTurns)).Message);
        Assert.Contains("no chat template", Assert.Throws<DatasetRowException>(() => Tokenize(null, TwoTurns)).Message);
    }

    [Fact]
    public void A_completion_is_learnt_with_the_end_and_its_prompt_is_not()
    {
        var sample = Tokenizer(null).Tokenize(new CompletionSample(default, "Q: ", "yes")).Sample;
        Assert.Equal("<s>Q: yes</s>", ByteTokenizer.Text(sample.Tokens));
        Assert.Equal("yes</s>", ByteTokenizer.Learnt(sample));
        Assert.Equal("Q: yes</s>", ByteTokenizer.Learnt(Tokenizer(null, assistantLossOnly: false).Tokenize(new CompletionSample(default, "Q: ", "yes")).Sample));
    }

    [Fact]
    public void A_document_is_text_between_beginning_and_end()
    {
        Assert.Equal("<s>a</s>", ByteTokenizer.Text(Tokenizer(null).Tokenize(new TextSample(default, "a")).Sample.Tokens));
        Assert.Equal("ab", ByteTokenizer.Text(Tokenizer(null).Tokenize(new TextSample(default, "ab", false, false)).Sample.Tokens));
    }

    [Theory]
    [InlineData(true, "<|im_start|>user\nU<|im_end|>\n", 10, 2)]
    [InlineData(true, "<s>U</s>\n", 4, 1)]
    [InlineData(true, "a<s>b", 5, 1)]
    [InlineData(false, "<|im_start|>user\nU<|im_end|>\n", 31, 0)]
    [InlineData(false, "<s>", 5, 0)]
    public void Control_tokens_in_texts_are_read_as_such_unless_switched_off_and_counted(bool parse, string text, int tokens, int special)
    {
        var tokenizer = new SampleTokenizer(new ByteTokenizer(), null, new SampleOptions { ContextLength = 100, ParseSpecialTokensInText = parse });
        var result = tokenizer.Tokenize(new TextSample(default, text));
        Assert.Equal((tokens, special), (result.Sample.Tokens.Length, result.SpecialTokens));
        Assert.Equal(ByteTokenizer.Beginning, result.Sample.Tokens[0]);
    }

    [Fact]
    public void A_conversation_that_is_rendered_already_has_the_tokens_of_the_conversation()
    {
        var rendered = new JinjaChatTemplate(ChatMl).Render(TwoTurns, false);
        var text = Tokenizer(null).Tokenize(new TextSample(default, rendered));
        var chat = Tokenize(ChatMl, TwoTurns);
        Assert.Equal(chat.Sample.Tokens, text.Sample.Tokens);
    }

    [Fact]
    public void Tokens_are_taken_as_they_are_but_checked()
    {
        var tokenizer = Tokenizer(null);
        Assert.Equal([-100, 6, 7], tokenizer.Tokenize(new TokenSample(default, [5, 6, 7], null)).Sample.Labels);
        Assert.Equal([-100, -100, 9], tokenizer.Tokenize(new TokenSample(default, [5, 6, 7], [8, -100, 9])).Sample.Labels);
        Assert.Contains("'input_ids' holds 261", Assert.Throws<DatasetRowException>(() => tokenizer.Tokenize(new TokenSample(default, [261], null))).Message);
        Assert.Contains("'labels' holds -1", Assert.Throws<DatasetRowException>(() => tokenizer.Tokenize(new TokenSample(default, [1], [-1]))).Message);
        Assert.Throws<DatasetRowException>(() => tokenizer.Tokenize(new TokenSample(default, [], null)));
    }

    private static TokenizedSample Tokenize(string? template, ChatHistory chat, bool assistantLossOnly = true) =>
        Tokenizer(template, assistantLossOnly).Tokenize(new ChatSample(default, chat));

    private static SampleTokenizer Tokenizer(string? template, bool assistantLossOnly = true) =>
        new(new ByteTokenizer(), template is null ? null : new JinjaChatTemplate(template, "<s>", "</s>"),
            new SampleOptions { ContextLength = 1000, AssistantLossOnly = assistantLossOnly });
}
