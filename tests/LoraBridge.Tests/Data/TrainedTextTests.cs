using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;
using LoraBridge.Training.Batching;

namespace LoraBridge.Tests.Data;

/// <summary>What a model is trained on is, token for token, what inference sends and expects back.</summary>
public sealed class TrainedTextTests : IDisposable
{
    private const string Tools = """[{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]""";

    private readonly TemporaryFolder _folder = new();
    private int _loaded;

    private static ChatHistory Talk => new(
    [
        new(ChatRole.User, "Grüß dich!"), new(ChatRole.Assistant, "Hi 😀"), new(ChatRole.User, "And  now?\n"), new(ChatRole.Assistant, "Bye."),
    ]);

    private static ChatHistory TalkWithTools => new(
    [
        new(ChatRole.System, "Be kind."), new(ChatRole.User, "Weather?"),
        new(ChatRole.Assistant, "")
        {
            ToolCalls = """[{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": {"city": "Köln"}}}]""",
        },
        new(ChatRole.Tool, "3 degrees") { ToolCallId = "c1" }, new(ChatRole.Assistant, "Cold."),
    ])
    { Tools = Tools };

    [Theory]
    [InlineData("chatml")]
    [InlineData("alternating-turns")]
    [InlineData("headers-with-date")]
    [InlineData("instruct-with-tools")]
    [InlineData("tags-and-final-mark")]
    [InlineData("tools-in-question")]
    [InlineData("tools-in-system")]
    public void Each_answer_follows_the_prompt_that_inference_sends(string template) => Check(template, Talk);

    [Theory]
    [InlineData("headers-with-date", "{\"name\": \"weather\", \"parameters\": {\"city\": \"Köln\"}}<|eot_id|>Cold.<|eot_id|><|im_end|>")]
    [InlineData("tools-in-question", "{\"name\": \"weather\", \"parameters\": {\"city\": \"Köln\"}}<|eot_id|>Cold.<|eot_id|><|im_end|>")]
    [InlineData("tools-in-system", "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\"}}\n</tool_call><|im_end|>\nCold.<|im_end|>\n")]
    public void Calls_of_tools_are_learnt_as_the_template_writes_them_and_results_are_not(string template, string learnt)
    {
        using var model = Load(template);
        var sample = Check(template, TalkWithTools);
        Assert.Equal(learnt, Text(model, sample.Tokens.Where((_, i) => sample.Labels[i] != TrainingSample.Ignored)));
    }

    [Fact]
    public void A_model_without_template_of_its_own_is_trained_as_it_is_asked()
    {
        var path = _folder["bare.gguf"];
        var writer = TinyModelWriter.Create(TinyArchitecture.Llama);
        writer.Metadata.Remove("tokenizer.chat_template");
        writer.Save(path);
        using var model = new LM(path, TinyModels.Device);
        Check(model, Talk);
    }

    public void Dispose() => _folder.Dispose();

    private TrainingSample Check(string template, ChatHistory chat)
    {
        using var model = Load(template);
        return Check(model, chat);
    }

    /// <summary>Before each answer the sample is what inference sends when it asks for that answer.</summary>
    private static TrainingSample Check(LM model, ChatHistory chat)
    {
        var data = PreparedData.Read(
            model, new LoraTrainingParameters { ContextLength = 1000 }, [TrainingDataset.FromChats([chat])], [], TestContext.Current.CancellationToken);
        Assert.DoesNotContain(data.Problems, problem => problem.IsSkipped);
        Assert.All(data.Problems, problem => Assert.EndsWith("the chat template leaves out the tools", problem.Message, StringComparison.Ordinal));
        Assert.Equal(0, data.Statistics.UnmaskedSampleCount);
        var sample = Assert.Single(data.Training);
        var prompts = new PromptBuilder(model.Vocabulary, ChatTemplates.For(model));
        var starts = Enumerable.Range(1, sample.Tokens.Length - 1)
            .Where(i => sample.Labels[i] != TrainingSample.Ignored && sample.Labels[i - 1] == TrainingSample.Ignored).ToList();
        int[] answers = [.. Enumerable.Range(0, chat.Count).Where(i => chat[i].Role == ChatRole.Assistant)];

        Assert.Equal(answers.Length, starts.Count);
        foreach (var (start, answer) in starts.Zip(answers))
        {
            var prompt = prompts.Conversation([.. chat.Take(answer)], addGenerationPrompt: true, new TemplateSettings(chat.Tools));
            Assert.Equal(Text(model, prompt), Text(model, sample.Tokens[..start]));
            Assert.Equal(prompt, sample.Tokens[..start]);
        }
        return sample;
    }

    private LM Load(string template)
    {
        // A name for each: some systems do not let a file be replaced that a model still reads.
        var path = _folder[$"{template}-{_loaded++}.gguf"];
        var writer = TinyModelWriter.Create(TinyArchitecture.Llama);
        writer.Metadata.Set("tokenizer.chat_template", File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "TextGeneration", "Templates", template + ".jinja")));
        writer.Save(path);
        return new LM(path, TinyModels.Device);
    }

    /// <summary>The vocabulary is bytes and the marks of ChatML.</summary>
    private static string Text(LM model, IEnumerable<int> tokens) => model.Detokenize([.. tokens], renderSpecial: true);
}
