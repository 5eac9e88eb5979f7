using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration.Answers;

/// <summary>Thinking from the switch to the history: asked for by the template's variables, told from the answer, dropped from old turns.</summary>
public sealed class ThinkingTests : IDisposable
{
    /// <summary>As Qwen 3 has it: thoughts stay after the last question only, and an empty thought stands for none.</summary>
    private const string Template = """
        {%- set ns = namespace(last=0) %}{%- for m in messages %}{%- if m.role == 'user' %}{%- set ns.last = loop.index0 %}{%- endif %}{%- endfor %}
        {%- if reasoning_effort is defined %}{{- 'Effort: ' + reasoning_effort + '. ' }}{%- endif %}
        {%- for m in messages %}{{- '[' + m.role + ']' }}
        {%- if m.role == 'assistant' and m.reasoning_content and loop.index0 > ns.last %}{{- '<think>\n' + m.reasoning_content + '\n</think>\n\n' }}{%- endif %}
        {{- m.content }}{%- endfor %}
        {%- if add_generation_prompt %}{{- '[assistant]' }}{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}{%- endif %}
        """;

    private static readonly SamplingMode Thoughtful = new() { Grammar = Grammar.Parse("""root ::= "<think>\nhm, hm\n</think>\n\nyes" """) };
    private static readonly SamplingMode Plain = new() { Grammar = Grammar.Parse("""root ::= "yes" """) };

    private readonly LM _model = SmallWorld.Load();
    private readonly MultiTurnConversation _chat;

    public ThinkingTests() => _chat = new MultiTurnConversation(_model, contextLength: 1024) { ChatTemplate = Template, SamplingMode = Thoughtful };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _chat.Dispose();
        _model.Dispose();
    }

    [Fact]
    public async Task Thoughts_are_told_from_the_answer_counted_and_streamed_first()
    {
        var updates = new List<GenerationUpdate>();
        await foreach (var update in _chat.SubmitStreamingAsync("Is it so?", Stop))
            updates.Add(update);
        var result = Assert.IsType<ResultUpdate>(updates[^1]).Result;
        Assert.Equal(("hm, hm", "yes"), (result.Reasoning, result.Text));
        Assert.InRange(result.ReasoningTokenCount, 1, result.Tokens.Count - 1);
        Assert.Equal("hm, hm", string.Concat(updates.OfType<ReasoningUpdate>().Select(update => update.Text)));
        Assert.Equal("yes", string.Concat(updates.OfType<TextUpdate>().Select(update => update.Text)));
        Assert.True(updates.FindLastIndex(update => update is ReasoningUpdate) < updates.FindIndex(update => update is TextUpdate));
        Assert.Equal(("hm, hm", "yes"), (_chat.ChatHistory[1].Reasoning, _chat.ChatHistory[1].Content));
    }

    [Fact]
    public void Switched_off_the_prompt_says_so_and_nothing_is_thought()
    {
        ChatMessage[] turns = [new(ChatRole.User, "Is it so?")];
        var on = _chat.Generate(turns, new GenerationOptions { Thinking = true, SamplingMode = Plain }, Stop);
        var off = _chat.Generate(turns, new GenerationOptions { Thinking = false, SamplingMode = Plain }, Stop);
        Assert.True(off.PromptTokenCount > on.PromptTokenCount);
        Assert.Equal((null, "yes", 0), (off.Reasoning, off.Text, off.ReasoningTokenCount));
        Assert.Equal("[user]Is it so?[assistant]<think>\n\n</think>\n\n", Prompt(turns, new GenerationOptions { Thinking = false }));
        Assert.Equal("[user]Is it so?[assistant]", Prompt(turns, new GenerationOptions { Thinking = true }));
    }

    [Fact]
    public void The_effort_reaches_the_template()
    {
        ChatMessage[] turns = [new(ChatRole.User, "Is it so?")];
        Assert.StartsWith("Effort: low. [user]", Prompt(turns, new GenerationOptions { ReasoningEffort = "low" }), StringComparison.Ordinal);
        var without = _chat.Generate(turns, new GenerationOptions { SamplingMode = Plain }, Stop);
        Assert.True(_chat.Generate(turns, new GenerationOptions { ReasoningEffort = "low", SamplingMode = Plain }, Stop).PromptTokenCount > without.PromptTokenCount);
    }

    [Fact]
    public void Thoughts_leave_old_turns_and_stay_while_tools_answer()
    {
        _chat.Submit("Is it so?", Stop);
        Assert.Contains("<think>\nhm, hm\n</think>", Prompt([.. _chat.ChatHistory, new(ChatRole.Tool, "42")], new GenerationOptions()), StringComparison.Ordinal);
        var prompt = Prompt([.. _chat.ChatHistory, new(ChatRole.User, "And now?")], new GenerationOptions());
        Assert.Equal("[user]Is it so?[assistant]yes[user]And now?[assistant]", prompt);
        var next = _chat.Submit("And now?", Stop);
        Assert.Equal(_model.Tokenize(prompt).Length, next.PromptTokenCount);
    }

    [Fact]
    public void Published_templates_obey_the_switch()
    {
        var obeying = new List<string>();
        foreach (var path in PublishedTemplates.All)
        {
            if (PublishedTemplates.TryRead(path, out var source) is not { } template || !source.Contains("enable_thinking", StringComparison.Ordinal))
                continue;
            try
            {
                var (on, off) = (Render(template, new GenerationOptions { Thinking = true }), Render(template, new GenerationOptions { Thinking = false }));
                if (on != off)
                    obeying.Add(Path.GetFileName(path));
            }
            catch (ChatTemplateException)
            {
                // It wants more than one question.
            }
        }
        Assert.Contains("lc-Qwen-Qwen3-0.6B.jinja", obeying);
        Assert.Contains("lc-GLM-4.6.jinja", obeying);
        Assert.True(obeying.Count >= 20, $"only {string.Join(", ", obeying)}");

        var gptOss = PublishedTemplates.TryRead(PublishedTemplates.All.Single(path => path.EndsWith("lc-openai-gpt-oss-120b.jinja", StringComparison.Ordinal)), out _)!;
        Assert.Contains("Reasoning: low", Render(gptOss, new GenerationOptions { ReasoningEffort = "low" }), StringComparison.Ordinal);
        Assert.Contains("Reasoning: medium", Render(gptOss, new GenerationOptions()), StringComparison.Ordinal);
    }

    private static string Render(JinjaChatTemplate template, GenerationOptions options)
    {
        var settings = options.TemplateSettings;
        return ((IChatTemplate)template).Render(new ChatTemplateRequest([new(ChatRole.User, "Is it so?")], true) { Variables = settings.Variables }).Text.ToString();
    }

    private string Prompt(IReadOnlyList<ChatMessage> turns, GenerationOptions options)
    {
        var builder = new PromptBuilder(_model.Vocabulary, new JinjaChatTemplate(Template), Template);
        return _model.Detokenize(builder.ToContinue(turns, options.TemplateSettings), renderSpecial: true);
    }
}
