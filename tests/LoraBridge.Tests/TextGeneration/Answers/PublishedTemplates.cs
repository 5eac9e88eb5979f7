using LoraBridge.TextGeneration;
using LoraBridge.Tests.TextGeneration.Jinja;

namespace LoraBridge.Tests.TextGeneration.Answers;

/// <summary>Chat templates as published, where <c>LORABRIDGE_TEMPLATES</c> says they are.</summary>
internal static class PublishedTemplates
{
    internal const string User = "What is the weather?";

    internal const string Tools = """
        [{"type": "function", "function": {"name": "get_weather", "description": "Tells the weather.", "parameters": {"type": "object", "properties":
        {"city": {"type": "string", "description": "City"}, "days": {"type": "integer", "description": "How many"}}, "required": ["city"], "additionalProperties": false}}},
        {"type": "function", "function": {"name": "noargs", "description": "Does nothing.", "parameters": {"type": "object", "properties": {}, "additionalProperties": false}}}]
        """;

    internal static IReadOnlyList<string> All
    {
        get
        {
            var folder = Environment.GetEnvironmentVariable("LORABRIDGE_TEMPLATES");
            Assert.SkipWhen(string.IsNullOrEmpty(folder), "LORABRIDGE_TEMPLATES does not say where published chat templates are.");
            return [.. Directory.EnumerateFiles(Path.Combine(folder!, "published"), "*.jinja").Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>The template; null when it is beyond the renderer.</summary>
    internal static JinjaChatTemplate? TryRead(string path, out string source)
    {
        source = File.ReadAllText(path);
        try
        {
            return new JinjaChatTemplate(source, "<BOS>", "<EOS>", new JinjaTestHelper.FixedClock());
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }

    /// <summary>What a model would have written so that the template renders this turn: the turn without the prompt, and without its end.</summary>
    /// <param name="template">The template.</param>
    /// <param name="turn">The turn.</param>
    /// <param name="prompt">What precedes it.</param>
    /// <returns>Null when the template does not accept the turn.</returns>
    internal static string? AnswerOf(JinjaChatTemplate template, ChatMessage turn, out string prompt)
    {
        prompt = "";
        try
        {
            ChatMessage question = new(ChatRole.User, User);
            var asked = template.Render([question], addGenerationPrompt: true, Tools);
            var answered = template.Render([question, turn], addGenerationPrompt: false, Tools);
            var common = asked.AsSpan().CommonPrefixLength(answered);
            // A mark that both start with belongs to the answer.
            var open = answered.LastIndexOf('<', Math.Max(0, common - 1));
            if (open >= 0 && !answered[open..common].Contains('>'))
                common = open;
            const string Header = "<|CHATBOT_TOKEN|>";
            if (answered.AsSpan(common).StartsWith(Header))
                common += Header.Length;
            prompt = answered[..common];
            var answer = answered[common..];
            var isHarmony = answer.Contains("<|message|>", StringComparison.Ordinal);
            var end = EndsOfTurns.Where(mark => !(isHarmony && mark == "<|end|>"))
                .Select(mark => answer.IndexOf(mark, StringComparison.Ordinal)).Where(at => at > 0).DefaultIfEmpty(answer.Length).Min();
            return answer[..end];
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }

    private static readonly string[] EndsOfTurns =
    [
        "<EOS>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|eot|>", "<turn|>", "<|tool_response>", "<|call|>", "<|end|>", "<|eom|>", "[|endofturn|]",
        "<|assistant_end|>", "<seed:eos>", "<sep>", "<|end_of_text|>", "<｜end▁of▁sentence｜>", "<|observation|>", "<|user|>", "<|END_OF_TURN_TOKEN|>",
        "<|START_OF_TURN_TOKEN|>",
    ];
}
