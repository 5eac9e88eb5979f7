using LoraBridge.Data;
using LoraBridge.Finetuning;
using LoraBridge.TextGeneration;
using LoraBridge.Training.Batching;

namespace LoraBridge.Tests.Data;

/// <summary>Which tokens of a conversation are learnt, and what is said about the rest.</summary>
public class ChatTokenizerTests
{
    private const string ChatMl =
        "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    /// <summary>The turn is closed by what the next one writes.</summary>
    private const string ClosedByNext =
        "{% for m in messages %}{% if not loop.first %}<|im_end|>\n{% endif %}<|im_start|>{{ m.role }}\n{{ m.content }}{% endfor %}"
        + "{% if add_generation_prompt %}<|im_end|>\n<|im_start|>assistant\n{% endif %}";

    /// <summary>Thoughts are shown after the last question only, and an answer opens with an empty one.</summary>
    private const string DropsOldThoughts =
        "{% set ns = namespace(last=-1) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}"
        + "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' and loop.index0 > ns.last %}<think>{{ m.reasoning_content }}</think>{% endif %}"
        + "{{ m.content }}{% for t in m.tool_calls or [] %}[{{ t.function.name }}{{ t.function.arguments|tojson }}]{% endfor %}<|im_end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}<|im_start|>assistant\n<think>{% endif %}";

    private static readonly ChatMessage Question = new(ChatRole.User, "q");
    private static readonly ChatMessage Answer = new(ChatRole.Assistant, "a");
    private static readonly ChatMessage Call = new(ChatRole.Assistant, "") { ToolCalls = """[{"type": "function", "function": {"name": "f", "arguments": {"x": "y"}}}]""" };
    private static readonly ChatMessage Result = new(ChatRole.Tool, "1");

    [Fact]
    public void The_mark_that_opens_the_next_turn_ends_this_one_if_models_stop_at_it()
    {
        var sample = Tokenize(ClosedByNext, [Question, Answer, Question, Answer with { Content = "b" }]).Sample;
        Assert.Equal("a<|im_end|>b<|im_end|>", ByteTokenizer.Learnt(sample));
        Assert.Equal(ByteTokenizer.TurnEnd, sample.Tokens[^1]);
    }

    [Theory]
    [InlineData("{% for m in messages %}{{ m.role }}: {{ m.content ~ '\n' }}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}", "a\nb\n</s>")]
    [InlineData("{% for m in messages %}{{ '</s>' if m.role == 'user' else '' }}{{ m.content }}{% endfor %}", "a</s>b</s>")]
    [InlineData("{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}{{ '\n</s>' }}{% endif %}{% endfor %}", "a\n</s>b\n</s>")]
    [InlineData("{% for m in messages %}{% if not loop.first %}{{ '\n</s>' }}{% endif %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}{{ '\n</s>' }}{% endif %}", "a\n</s>b</s>")]
    [InlineData("{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}{{ '<|im_end|>' if loop.last else '<|im_start|>' }}{% endif %}{% endfor %}", "a<|im_start|>b<|im_end|>")]
    public void An_end_is_learnt_wherever_the_template_puts_it(string template, string learnt) =>
        Assert.Equal(learnt, ByteTokenizer.Learnt(Tokenize(template, [Question, Answer, Question, Answer with { Content = "b" }]).Sample));

    [Fact]
    public void A_turn_of_several_texts_is_learnt_to_the_last_where_nothing_closes_it()
    {
        const string Bare = "{% for m in messages %}{{ m.reasoning_content }}{{ m.content }}{% endfor %}";
        var sample = Tokenize(Bare, [Question, Answer with { Reasoning = "why" }, Question, Answer with { Content = "b" }]).Sample;
        Assert.Equal("whyab</s>", ByteTokenizer.Learnt(sample));
    }

    [Fact]
    public void Turns_in_another_order_are_not_told_apart()
    {
        const string Backwards = "{% for m in messages|reverse %}{{ m.role[0] ~ m.content ~ '\n' }}{% endfor %}{% if add_generation_prompt %}a{% endif %}";
        Assert.True(Tokenize(Backwards, [Question, Answer, Question, Answer with { Content = "b" }]).IsUnmasked);
    }

    [Fact]
    public void What_a_later_turn_says_may_stand_before_all_turns()
    {
        var (sample, isUnmasked) = Tokenize("{{ messages[-1].content }}|" + ChatMl, [Question, Answer, Question with { Content = "last" }]);
        Assert.False(isUnmasked);
        Assert.Equal("a<|im_end|>\n", ByteTokenizer.Learnt(sample));
    }

    [Fact]
    public void What_another_turn_says_after_the_last_one_is_not_learnt()
    {
        ChatHistory chat = [new(ChatRole.System, "rules"), Question, Answer];
        const string Reminder = "{% if not add_generation_prompt %}{{ messages[0].content }}{% endif %}";
        Assert.Equal("a<|im_end|>", ByteTokenizer.Learnt(Tokenize(ChatMl + Reminder, chat).Sample));
    }

    [Fact]
    public void No_end_is_added_after_a_turn_of_someone_else()
    {
        var sample = Tokenize(ClosedByNext, [Question, Answer, Question]).Sample;
        Assert.Equal(("a<|im_end|>", (int)'q'), (ByteTokenizer.Learnt(sample), sample.Tokens[^1]));
    }

    [Fact]
    public void Calls_before_the_last_question_are_told_apart_although_the_template_drops_old_thoughts()
    {
        var (sample, isUnmasked) = Tokenize(DropsOldThoughts, [Question, Call, Result, Answer, Question, Answer with { Content = "bye", Reasoning = "why" }]);
        Assert.False(isUnmasked);
        Assert.Equal("[f{\"x\": \"y\"}]<|im_end|>\na<|im_end|>\nwhy</think>bye<|im_end|>\n", ByteTokenizer.Learnt(sample));
    }

    [Fact]
    public void Marks_of_generation_are_obeyed()
    {
        const string Marked = "{% for m in messages %}<|im_start|>{{ m.role }}{% if m.role == 'assistant' %}{% generation %}{{ '\n' ~ m.content }}<|im_end|>{% endgeneration %}{% else %}{{ '\n' ~ m.content }}<|im_end|>{% endif %}{{ '\n' }}{% endfor %}";
        Assert.Equal("\na<|im_end|>\nb<|im_end|>", ByteTokenizer.Learnt(Tokenize(Marked, [Question, Answer, Question, Answer with { Content = "b" }]).Sample));
        var first = Tokenize(Marked, [Question, Answer, Question, Answer with { Content = "b" }], given: [1]);
        Assert.Equal("\nb<|im_end|>", ByteTokenizer.Learnt(first.Sample));
    }

    [Fact]
    public void Turns_that_are_given_are_not_learnt()
    {
        ChatHistory chat = [Question, Answer, Question, Answer with { Content = "b" }];
        Assert.Equal("b<|im_end|>\n", ByteTokenizer.Learnt(Tokenize(ChatMl, chat, given: [1]).Sample));
        Assert.Equal("a<|im_end|>\n", ByteTokenizer.Learnt(Tokenize(ChatMl, chat, given: [3]).Sample));
        var all = Tokenize(ChatMl, chat, given: [1], assistantLossOnly: false).Sample;
        Assert.Equal("<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n", ByteTokenizer.Learnt(all));
        Assert.Throws<DatasetRowException>(() => Tokenize(ChatMl, chat, given: [1, 3]));
        const string Gathering = "{% for m in messages if m.role == 'assistant' %}{{ m.content }}{% endfor %}{% for m in messages if m.role != 'assistant' %}{{ m.content }}{% endfor %}";
        Assert.Throws<DatasetRowException>(() => Tokenize(Gathering, chat, given: [1]));
    }

    [Theory]
    [InlineData("{{ m.content }}", "the tool call of turn 2 (assistant) and the reasoning of turn 4 (assistant)")]
    [InlineData("{{ m.content }}{{ m.reasoning_content }}{% for t in m.tool_calls or [] %}{{ t.function.name }}{% endfor %}", "the tool call of turn 2 (assistant)")]
    [InlineData("{{ m.content[:2] }}{{ m.reasoning_content }}{{ m.tool_calls }}", "a part of the content of turn 4 (assistant)")]
    [InlineData("{% if m.role != 'tool' %}{{ m.content }}{% endif %}{{ m.reasoning_content }}{{ m.tool_calls }}", "the content of turn 3 (tool)")]
    [InlineData("{{ m.content }}{{ m.reasoning_content }}{{ m.tool_calls }}", null)]
    public void What_the_template_leaves_out_is_named(string body, string? lost)
    {
        var template = "{% for m in messages %}<|im_start|>" + body + "<|im_end|>{% endfor %}";
        var losses = Tokenize(template, [Question, Call, Result, Answer with { Content = "answer", Reasoning = "why" }]).Losses;
        if (lost is null)
            Assert.Empty(losses);
        else
            Assert.Contains(lost, Assert.Single(losses), StringComparison.Ordinal);
    }

    [Fact]
    public void Tools_system_prompts_and_thoughts_inside_the_content_are_missed_too()
    {
        const string Template = "{% for m in messages if m.role != 'system' %}<|im_start|>{{ m.content.split('</think>')[-1] }}<|im_end|>{% endfor %}";
        ChatHistory chat = new([new(ChatRole.System, "rules"), Question, Answer with { Content = "<think>why</think>a" }]) { Tools = """[{"type": "function", "function": {"name": "f"}}]""" };
        var loss = Assert.Single(Tokenize(Template, chat).Losses);
        Assert.Contains("the content of turn 1 (system)", loss, StringComparison.Ordinal);
        Assert.Contains("a part of the content of turn 3 (assistant)", loss, StringComparison.Ordinal);
        Assert.Contains("the tools", loss, StringComparison.Ordinal);
    }

    [Fact]
    public void A_turn_left_without_text_is_not_learnt()
    {
        Assert.Contains("tool call of turn 2", Assert.Throws<DatasetRowException>(() => Tokenize(ChatMl, [Question, Call])).Message, StringComparison.Ordinal);
        var tokenized = Tokenize(ChatMl, [Question, Call, Result, Answer]);
        Assert.Equal("a<|im_end|>\n", ByteTokenizer.Learnt(tokenized.Sample));
        Assert.Contains("tool call of turn 2", Assert.Single(tokenized.Losses), StringComparison.Ordinal);
        var empty = Tokenize(ChatMl, [Question, Answer with { Content = " " }, Question, Answer]);
        Assert.Equal("a<|im_end|>\n", ByteTokenizer.Learnt(empty.Sample));
        Assert.Contains("turn 2 (assistant) is empty", Assert.Single(empty.Losses), StringComparison.Ordinal);
    }

    [Fact]
    public void Lost_parts_are_counted_and_fatal_when_strict()
    {
        TrainingSampleReader Reader() => new(new ByteTokenizer(), new JinjaChatTemplate(ChatMl), new SampleOptions { ContextLength = 100 });
        var folder = Directory.CreateTempSubdirectory("lorabridge-chat-");
        try
        {
            var path = Path.Combine(folder.FullName, "a.jsonl");
            const string Row = """{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "reasoning_content": "why"}]}""";
            File.WriteAllLines(path, [Row, Row]);
            var reader = Reader();
            Assert.Equal(2, reader.Read([TrainingDataset.FromFile(path)]).Count());
            Assert.Equal((2L, 0L), (reader.Statistics.PartlyUsedSamples, reader.Statistics.SkippedSamples));
            Assert.False(Assert.Single(reader.Problems).IsSkipped);
            var strict = TrainingDataset.FromFile(path, new DatasetReadOptions { Strict = true });
            Assert.Contains("the reasoning of turn 2", Assert.Throws<InvalidDataException>(() => Reader().Read([strict]).Count()).Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void What_the_data_says_never_becomes_a_control_token_unless_asked_for()
    {
        ChatHistory chat = [Question with { Content = "<|im_end|>" }, Answer with { Content = "</s>" }];
        Assert.Equal(2, Tokenize(ChatMl, chat).Sample.Tokens.Count(token => token == ByteTokenizer.TurnEnd));
        var parsed = new SampleTokenizer(
            new ByteTokenizer(), new JinjaChatTemplate(ChatMl), new SampleOptions { ContextLength = 100, ParseSpecialTokensInMessages = true }).Tokenize(new ChatSample(default, chat));
        Assert.Equal((3, 1), (parsed.Sample.Tokens.Count(token => token == ByteTokenizer.TurnEnd), parsed.Sample.Tokens.Count(token => token == ByteTokenizer.End)));
    }

    private static TokenizedSample Tokenize(string template, ChatHistory chat, int[]? given = null, bool assistantLossOnly = true) => new SampleTokenizer(
        new ByteTokenizer(), new JinjaChatTemplate(template, "<s>", "</s>"), new SampleOptions { ContextLength = 1000, AssistantLossOnly = assistantLossOnly })
        .Tokenize(new ChatSample(default, chat) { Given = (given ?? []).ToHashSet() });
}
