using System.Text;
using System.Text.Json;
using LoraBridge.TextGeneration;
using LoraBridge.TextGeneration.Grammars;
using LoraBridge.TextGeneration.Tools;

namespace LoraBridge.Tests.TextGeneration.Answers;

/// <summary>What templates of published models write for calls of tools is read back to the same calls.</summary>
public class PublishedToolCallTests
{
    private static readonly ToolCall Simple = new("callaaaa1", "get_weather", """{"city": "Köln", "days": 3}""");
    private static readonly ToolCall Empty = new("callaaaa2", "noargs", "{}");
    private static readonly ToolCall Rich = new("callaaaa3", "get_weather",
        """{"city": "a \"quoted\"\nline <b> & 'x' é 東京 {}[]", "days": -7, "f": 1.5, "t": true, "z": null, "l": [1, 2.5, "a", [false]], "o": {"b": {}, "c": "d"}}""");

    [Fact]
    public void Rendering_and_reading_calls_is_the_identity()
    {
        var faults = new List<string>();
        var read = new HashSet<string>();
        foreach (var path in PublishedTemplates.All)
        {
            var name = Path.GetFileNameWithoutExtension(path);
            if (PublishedTemplates.TryRead(path, out var source) is not { } template)
                continue;
            foreach (var (content, calls) in ((string, ToolCall[])[])[("", [Simple]), ("", [Empty]), ("", [Rich]), ("Let me see.", [Simple, Empty])])
            {
                var turn = new ChatMessage(ChatRole.Assistant, content) { ToolCalls = ToolCall.ToJson(calls) };
                if (PublishedTemplates.AnswerOf(template, turn, out var prompt) is not { } answer || !calls.All(call => answer.Contains(call.Name, StringComparison.Ordinal)))
                    continue;
                read.Add(name);
                var format = AnswerFormat.Recognize(source, messages => template.Render(messages, false));
                var whole = AnswerRecording.Of(format.Parser(prompt, PublishedTemplates.Tools), [answer]);
                if (!AreSame(calls, whole.Calls) || (whole.Text.Trim().Length > 0 && whole.Text.Trim() != content))
                    faults.Add($"{name}: {answer}\n  text '{whole.Text}', calls {string.Join(" ", whole.Calls)}");
                var streamed = AnswerRecording.Of(format.Parser(prompt, PublishedTemplates.Tools), answer.Select(character => character.ToString()));
                if (!streamed.IsLike(whole))
                    faults.Add($"{name} streamed: {answer}\n  text '{streamed.Text}', calls {string.Join(" ", streamed.Calls)}");
            }
        }
        Assert.True(faults.Count == 0, $"{faults.Count} faults:\n{string.Join("\n", faults)}");
        Assert.True(read.Count >= 70, $"only {read.Count} templates write calls: {string.Join(", ", read)}");
    }

    /// <summary>What a model is made to write is what its family writes.</summary>
    [Fact]
    public void Grammars_of_calls_allow_what_templates_write()
    {
        var faults = new List<string>();
        var allowed = new HashSet<string>();
        var tools = ToolDefinitions.Parse(PublishedTemplates.Tools);
        foreach (var path in PublishedTemplates.All)
        {
            if (PublishedTemplates.TryRead(path, out var source) is not { } template)
                continue;
            var format = AnswerFormat.Recognize(source, messages => template.Render(messages, false));
            if (format.Tools is not (XmlCallSyntax or GlmCallSyntax or DeepSeekCallSyntax or DsmlCallSyntax or KimiCallSyntax or GemmaCallSyntax))
                continue;
            var matcher = new GrammarMatcher(ToolGrammars.Make(tools, null, allowSeveral: true, format.Tools.Grammar)!.Program);
            foreach (var calls in (ToolCall[][])[[Simple], [Empty], [Simple, Empty]])
            {
                var turn = new ChatMessage(ChatRole.Assistant, "") { ToolCalls = ToolCall.ToJson(calls) };
                if (PublishedTemplates.AnswerOf(template, turn, out _) is not { } answer || answer.IndexOf(format.Tools.Openings[0], StringComparison.Ordinal) is not (>= 0 and var start))
                    continue;
                var text = format.Wrappers.Aggregate(answer[start..], (whole, mark) => whole.Replace(mark, "", StringComparison.Ordinal)).TrimEnd();
                if (matcher.Step(matcher.Start, Encoding.UTF8.GetBytes(text)) is { CanEnd: true })
                    allowed.Add($"{format.Tools.GetType().Name}");
                else
                    faults.Add($"{Path.GetFileName(path)}: {text}");
            }
        }
        Assert.True(faults.Count == 0, $"{faults.Count} faults:\n{string.Join("\n", faults)}");
        Assert.Equal(6, allowed.Count);
    }

    [Fact]
    public void Broken_calls_are_read_without_fault_and_the_same_way_in_any_pieces()
    {
        var random = new Random(7);
        foreach (var path in PublishedTemplates.All)
        {
            var turn = new ChatMessage(ChatRole.Assistant, "") { ToolCalls = ToolCall.ToJson([Rich]) };
            if (PublishedTemplates.TryRead(path, out var source) is not { } template || PublishedTemplates.AnswerOf(template, turn, out var prompt) is not { } answer)
                continue;
            var format = AnswerFormat.Recognize(source, messages => template.Render(messages, false));
            for (var i = 0; i < 40; i++)
            {
                var broken = Break(answer, random);
                var whole = AnswerRecording.Of(format.Parser(prompt, PublishedTemplates.Tools), [broken]);
                var pieces = AnswerRecording.Of(format.Parser(prompt, PublishedTemplates.Tools), AnswerRecording.InPieces(broken, random));
                Assert.True(pieces.IsLike(whole), $"{Path.GetFileName(path)}: '{broken}'\nwhole:  {whole}\npieces: {pieces}");
                Assert.All(whole.Calls, call => Assert.Equal(JsonValueKind.Object, JsonElement.Parse(call.Arguments).ValueKind));
            }
        }
    }

    [Fact]
    public void Thoughts_are_told_from_the_answer()
    {
        var turn = new ChatMessage(ChatRole.Assistant, "It rains.") { Reasoning = "They ask for the weather." };
        var faults = new List<string>();
        var read = 0;
        foreach (var path in PublishedTemplates.All)
        {
            if (PublishedTemplates.TryRead(path, out var source) is not { } template || PublishedTemplates.AnswerOf(template, turn, out var prompt) is not { } answer || !answer.Contains(turn.Reasoning, StringComparison.Ordinal))
                continue;
            read++;
            var format = AnswerFormat.Recognize(source, messages => template.Render(messages, false));
            // Where a template writes no mark in front of thoughts, the prompt for an answer has it.
            if (format.Reasoning is { } marks && !marks.AreOpenAfter(prompt) && !answer.Contains(marks.Start.Trim(), StringComparison.Ordinal))
                prompt = template.Render([new ChatMessage(ChatRole.User, PublishedTemplates.User)], addGenerationPrompt: true, PublishedTemplates.Tools);
            foreach (var pieces in (IEnumerable<string>[])[[answer], answer.Select(character => character.ToString())])
            {
                var parsed = AnswerRecording.Of(format.Parser(prompt, null), pieces);
                if (parsed.Reasoning?.Trim() != turn.Reasoning || parsed.Text.Trim() != turn.Content)
                    faults.Add($"{Path.GetFileNameWithoutExtension(path)}: '{answer}' after '{prompt[^Math.Min(40, prompt.Length)..]}': '{parsed.Reasoning}' | '{parsed.Text}'");
            }
        }
        Assert.True(faults.Count == 0, $"{faults.Count} faults:\n{string.Join("\n", faults)}");
        Assert.True(read >= 30, $"only {read} templates write thoughts");
    }

    private static bool AreSame(IReadOnlyList<ToolCall> expected, IReadOnlyList<ToolCall> calls) =>
        expected.Count == calls.Count && expected.Zip(calls).All(pair => pair.First.Name == pair.Second.Name
            && JsonElement.DeepEquals(JsonElement.Parse(pair.First.Arguments), JsonElement.Parse(pair.Second.Arguments)));

    private static string Break(string text, Random random)
    {
        var broken = text;
        for (var i = random.Next(1, 4); i > 0 && broken.Length > 2; i--)
        {
            var at = random.Next(broken.Length);
            broken = random.Next(4) switch
            {
                0 => broken[..at],
                1 => broken.Remove(at, Math.Min(random.Next(1, 12), broken.Length - at)),
                2 => broken.Insert(at, "{}[]\"'<>|:,\n\\ "[random.Next(14)].ToString()),
                _ => broken.Insert(at, broken[random.Next(at)..Math.Max(at, 1)]),
            };
        }
        return broken;
    }
}
