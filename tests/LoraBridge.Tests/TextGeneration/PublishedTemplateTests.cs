using System.Text.Json;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;
using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.Tests.TextGeneration;

/// <summary>Every published template renders every conversation as Jinja2 does, byte for byte, and refuses what Jinja2 refuses.</summary>
public class PublishedTemplateTests
{
    private const string Raised = "TemplateError: ";

    [Fact]
    public void All_published_templates_render_as_jinja_does()
    {
        var templates = PublishedTemplates.All().ToDictionary(entry => entry.Key, entry => Parse(entry.Value));
        var (conversations, now) = PublishedTemplates.Conversations();
        var clock = new FixedClock(now);
        List<string> differences = [];
        var count = 0;
        foreach (var expected in PublishedTemplates.Expected())
        {
            var (template, conversation) = (expected.GetProperty("template").GetString()!, expected.GetProperty("conversation").GetString()!);
            var (text, error) = Render(templates[template], conversations[conversation], clock);
            var wantedError = expected.GetProperty("error").GetString();
            // What a template raises itself is part of what it says; Python's own words are not.
            var isSame = wantedError is null
                ? text == expected.GetProperty("text").GetString()
                : error is not null && (!wantedError.StartsWith(Raised, StringComparison.Ordinal) || error.Contains(wantedError[Raised.Length..], StringComparison.Ordinal));
            if (!isSame)
                differences.Add($"{template} {conversation}: {error ?? "another text"}, expected {wantedError ?? "text"}");
            count++;
        }
        Assert.Empty(differences);
        Assert.Equal(templates.Count * conversations.Count, count);
    }

    /// <summary>The values that a conversation brings are found again in the text, and nowhere else.</summary>
    [Fact]
    public void What_a_conversation_says_is_told_apart_from_what_the_template_writes()
    {
        ChatMessage[] messages =
        [
            new(ChatRole.System, "⸺rules⸺"), new(ChatRole.User, "⸺question⸺"), new(ChatRole.Assistant, "⸺answer⸺"), new(ChatRole.User, "⸺again⸺"),
        ];
        List<string> wrong = [];
        foreach (var (name, source) in PublishedTemplates.All())
        {
            if (!TryRender(new JinjaChatTemplate(source, "<BOS>", "<EOS>"), messages, out var rendered))
                continue;
            var text = rendered.Text;
            for (var i = 0; i < text.Length; i++)
            {
                var run = text.Runs.FirstOrDefault(run => run.Start <= i && i < run.End);
                var isSaid = run.Source is not null;
                if (text.Text[i] == '⸺' && !isSaid)
                    wrong.Add($"{name}: '{text.Text[i]}' at {i} is taken for the template's");
                else if (isSaid && run.Source!.Text[run.SourceStart + i - run.Start] != text.Text[i])
                    wrong.Add($"{name}: '{text.Text[i]}' at {i} is taken for '{run.Source.Text}'");
            }
        }
        Assert.Empty(wrong);
    }

    private static bool TryRender(JinjaChatTemplate template, ChatMessage[] messages, out RenderedChat rendered)
    {
        try
        {
            rendered = template.Render(new ChatTemplateRequest(messages, AddGenerationPrompt: true));
            return true;
        }
        catch (ChatTemplateException)
        {
            rendered = null!;
            return false;
        }
    }

    private static object Parse(string source)
    {
        try
        {
            return JinjaTemplate.Parse(source);
        }
        catch (ChatTemplateException exception)
        {
            return exception.Message;
        }
    }

    private static (string? Text, string? Error) Render(object template, JsonElement conversation, TimeProvider clock)
    {
        if (template is not JinjaTemplate parsed)
            return (null, (string)template);
        try
        {
            var variables = (DictValue)JsonText.Read(conversation);
            return (parsed.Render(variables.Items.ToDictionary(pair => pair.Key.ToString(), pair => pair.Value), clock), null);
        }
        catch (ChatTemplateException exception)
        {
            return (null, exception.Message);
        }
    }

    private sealed class FixedClock(DateTime now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(now, TimeSpan.Zero);
    }
}
