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

    internal static JinjaChatTemplate Read(string path, out string source)
    {
        source = File.ReadAllText(path);
        return new JinjaChatTemplate(source, "<BOS>", "<EOS>", new JinjaTestHelper.FixedClock());
    }

    /// <summary>What a model would have written so that the template renders this turn: the turn without the prompt, and without its end.</summary>
    internal static string? AnswerOf(JinjaChatTemplate template, ChatMessage turn, out string prompt)
    {
        prompt = "";
        try
        {
            ChatMessage question = new(ChatRole.User, User);
            prompt = template.Render([question], addGenerationPrompt: true, Tools);
            var answered = template.Render([question, turn], addGenerationPrompt: false, Tools);
            var common = prompt.AsSpan().CommonPrefixLength(answered);
            var plain = template.Render([question, new ChatMessage(ChatRole.Assistant, "ZZZ")], addGenerationPrompt: false, Tools);
            var end = plain[(plain.LastIndexOf("ZZZ", StringComparison.Ordinal) + 3)..];
            var answer = answered[common..];
            foreach (var mark in (string[])[end, "<EOS>", "<|eom_id|>", "<|call|>", "<|end|>", "<|eot|>", "<|END_OF_TURN_TOKEN|>", "<turn|>"])
            {
                if (mark.Length > 0 && answer.EndsWith(mark, StringComparison.Ordinal))
                    answer = answer[..^mark.Length];
            }
            return answer;
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }
}
