using LoraBridge.Evaluation;
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.Training.Batching;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration;

/// <summary>What templates are given, and what still works when one cannot be read.</summary>
public sealed class ChatTemplateInputTests : IDisposable
{
    private const string Typed =
        "{% for m in messages %}<|im_start|>{{ m.role }}{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% endif %}{% endfor %}<|im_end|>{% endfor %}";

    private const string Unreadable = "{% for m in messages %}{{ m.content | }}{% endfor %}";

    private static readonly ChatMessage Question = new(ChatRole.User, "q");
    private static readonly ChatMessage Answer = new(ChatRole.Assistant, "a") { Reasoning = "why" };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Typed)]
    [InlineData("{% for m in messages %}<|im_start|>{{ m.role }}{{ m.content[0].text }}<|im_end|>{% endfor %}")]
    [InlineData("{% for m in messages %}<|im_start|>{{ m.role }}{{ m.content|map(attribute='text')|join }}<|im_end|>{% endfor %}")]
    [InlineData("{% for m in messages %}<|im_start|>{{ m.role }}{% if m.content is not string %}{{ m.content[0]['text'] }}{% endif %}<|im_end|>{% endfor %}")]
    public void A_template_that_walks_over_parts_is_given_parts(string template) =>
        Assert.Equal("<|im_start|>userq<|im_end|><|im_start|>assistanta<|im_end|>", new JinjaChatTemplate(template).Render([Question, Answer], false));

    [Fact]
    public void Other_templates_are_given_strings() =>
        Assert.Equal("qTrue", new JinjaChatTemplate("{{ messages[0].content }}{{ messages[0].content is string }}").Render([Question], false));

    [Theory]
    [InlineData("{% if m.thinking %}({{ m.thinking }}){% endif %}")]
    [InlineData("{{ reasoning_effort }}({{ m.thinking }})")]
    [InlineData("({{ m['reasoning'] }})")]
    [InlineData("({{ m.get('thinking') or m.reasoning_content }})")]
    [InlineData("({{ m.thought }})")]
    [InlineData("{% set thinking = enable_thinking %}({{ m.reasoning_content }})")]
    [InlineData("({{ m.reasoning if 'reasoning' in m else m.reasoning_content }})")]
    public void Thoughts_come_under_every_name_that_the_template_asks_for(string body)
    {
        var rendered = new JinjaChatTemplate("{% for m in messages %}" + body + "{{ m.content }}{% endfor %}").Render([Answer], false);
        Assert.Equal("(why)a", rendered);
    }

    [Fact]
    public void Thoughts_do_not_come_under_names_that_are_not_asked_for() =>
        Assert.Equal("why", new JinjaChatTemplate("{% for k, v in messages[0].items() %}{% if k not in ['role', 'content'] %}{{ v }}{% endif %}{% endfor %}").Render([Answer], false));

    [Fact]
    public void A_variable_is_given_as_json()
    {
        var template = new JinjaChatTemplate("{{ enable_thinking is false }}{{ effort }}{{ messages|length }}");
        var request = new ChatTemplateRequest([Question], AddGenerationPrompt: false)
        {
            Variables = new Dictionary<string, string> { ["enable_thinking"] = "false", ["effort"] = "\"low\"", ["messages"] = "[]" },
        };
        Assert.Equal("Truelow1", template.Render(request).Text.Text);
    }

    [Fact]
    public void A_template_that_cannot_be_read_bars_conversations_only()
    {
        var path = Model(Unreadable);
        using var model = new LM(path, TinyModels.Device);
        using var raw = new SingleTurnConversation(model) { UseChatTemplate = false, MaximumCompletionTokens = 2 };
        Assert.NotEmpty(raw.Submit("text", TestContext.Current.CancellationToken).Tokens);

        using var chat = new MultiTurnConversation(model) { MaximumCompletionTokens = 2 };
        var refused = Assert.Throws<ChatTemplateException>(() => chat.Submit("q", TestContext.Current.CancellationToken));
        Assert.Contains("--chat-template", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, refused.Line);
        chat.ChatTemplate = TinyVocabulary.ChatTemplate;
        Assert.NotEmpty(chat.Submit("q", TestContext.Current.CancellationToken).Tokens);
        Assert.Throws<ChatTemplateException>(() => chat.ChatTemplate = Unreadable);

        File.WriteAllText(_folder["ids.jsonl"], """{"input_ids": [5, 6, 7, 8]}""");
        Assert.True(LossEvaluation.Evaluate(model, TrainingDataset.FromFile(_folder["ids.jsonl"]), cancellationToken: TestContext.Current.CancellationToken).Loss > 0);
        File.WriteAllText(_folder["chat.jsonl"], """{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}""");
        using var finetuning = new LoraFinetuning(model);
        finetuning.AddDatasetFile(_folder["ids.jsonl"]);
        finetuning.AddDatasetFile(_folder["chat.jsonl"]);
        Assert.Equal((1L, 1L), (finetuning.PrepareData(TestContext.Current.CancellationToken).SampleCount, finetuning.SkippedSamples));
        finetuning.Parameters = finetuning.Parameters with { ChatTemplate = TinyVocabulary.ChatTemplate };
        Assert.Equal((2L, 0L), (finetuning.PrepareData(TestContext.Current.CancellationToken).SampleCount, finetuning.SkippedSamples));
        var options = new LossEvaluationOptions { ChatTemplate = TinyVocabulary.ChatTemplate };
        Assert.True(LossEvaluation.Evaluate(model, TrainingDataset.FromFile(_folder["chat.jsonl"]), options, cancellationToken: TestContext.Current.CancellationToken).Loss > 0);
    }

    [Fact]
    public void A_template_given_when_loading_takes_the_place_of_the_models()
    {
        using var model = new LM(Model(Unreadable), TinyModels.Device, new LoadingOptions { ChatTemplate = TinyVocabulary.ChatTemplate });
        Assert.Equal(TinyVocabulary.ChatTemplate, model.ChatTemplate);
        using var chat = new MultiTurnConversation(model) { MaximumCompletionTokens = 2 };
        Assert.NotEmpty(chat.Submit("q", TestContext.Current.CancellationToken).Tokens);
    }

    [Fact]
    public void A_part_for_validation_needs_more_than_one_sample()
    {
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        File.WriteAllText(_folder["ids.jsonl"], """{"input_ids": [5, 6, 7, 8]}""");
        using var finetuning = new LoraFinetuning(model) { Parameters = new LoraTrainingParameters { ValidationSplit = 0.5f } };
        finetuning.AddDatasetFile(_folder["ids.jsonl"]);
        Assert.Contains("expected at least 2", Assert.Throws<InvalidOperationException>(() => finetuning.PrepareData(TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    /// <summary>Chat and training data agree to the token on how a sequence begins, whoever writes the beginning.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Prompts_of_published_templates_begin_training_samples(bool addsBeginning)
    {
        var writer = TinyModelWriter.Create(TinyArchitecture.Llama);
        writer.Metadata.Set("tokenizer.ggml.add_bos_token", addsBeginning);
        writer.Save(_folder["model.gguf"]);
        using var model = new LM(_folder["model.gguf"], TinyModels.Device);
        ChatHistory chat = [Question with { Content = "one" }, new(ChatRole.Assistant, "two"), Question with { Content = "three" }, new(ChatRole.Assistant, "four")];
        var compared = 0;
        List<string> differences = [];
        foreach (var (name, source) in PublishedTemplates.All())
        {
            IChatTemplate template;
            int[] prompt;
            TrainingSample sample;
            try
            {
                template = ChatTemplates.For(model, source);
                prompt = new PromptBuilder(model.Vocabulary, template).Conversation([.. chat.Take(1)], addGenerationPrompt: true, default);
                var tokenizer = new LoraBridge.Data.SampleTokenizer(new ModelTokenizer(model.Vocabulary), template, new LoraBridge.Data.SampleOptions { ContextLength = 100_000 });
                sample = tokenizer.Tokenize(new LoraBridge.Data.ChatSample(default, new ChatHistory(chat.Take(2)))).Sample;
            }
            catch (Exception refusal) when (refusal is ChatTemplateException or LoraBridge.Data.DatasetRowException)
            {
                continue;
            }
            var begins = template.Render([.. chat.Take(1)], addGenerationPrompt: true);
            compared++;
            var shared = prompt.AsSpan().CommonPrefixLength(sample.Tokens);
            // Where history and prompt show the turn alike, the prompt is the beginning of the sample; elsewhere both begin alike.
            var whole = template.Render([.. chat.Take(2)], addGenerationPrompt: false);
            if (whole.StartsWith(begins, StringComparison.Ordinal) ? shared < prompt.Length : shared == 0)
                differences.Add($"{name}: {shared} of {prompt.Length} tokens agree");
            if (prompt.Count(token => token == model.BosToken) > (begins.Split(model.BosText).Length - 1 is var written && addsBeginning ? Math.Max(written, 1) : written))
                differences.Add($"{name}: the sequence begins twice");
        }
        Assert.Empty(differences);
        Assert.InRange(compared, 100, 147);
    }

    private string Model(string template)
    {
        var path = _folder["unreadable.gguf"];
        var writer = TinyModelWriter.Create(TinyArchitecture.Llama);
        writer.Metadata.Set("tokenizer.chat_template", template);
        writer.Save(path);
        return path;
    }
}
