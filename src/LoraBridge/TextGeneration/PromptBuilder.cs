using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>Turns conversations into tokens.</summary>
internal sealed class PromptBuilder(Vocabulary vocabulary, IChatTemplate template)
{
    /// <summary>The tokens of a text that is not a conversation.</summary>
    internal static int[] Plain(Vocabulary vocabulary, string text) => vocabulary.Tokenize(text, addSpecial: true, parseSpecial: false);

    /// <summary>The tokens of a conversation, up to where the model goes on: after the opening of an answer, or within the last one.</summary>
    /// <param name="messages">The turns; an assistant's turn at the end is continued.</param>
    /// <param name="tools">A JSON array of tools, or null.</param>
    /// <exception cref="ChatTemplateException">The template does not accept the conversation.</exception>
    internal int[] ToContinue(IReadOnlyList<ChatMessage> messages, string? tools)
    {
        if (messages is not [.., { Role: ChatRole.Assistant } begun])
            return Conversation(messages, addGenerationPrompt: true, tools);
        var opening = Conversation([.. messages.SkipLast(1)], addGenerationPrompt: true, tools);
        return begun.Content.Length == 0 ? opening : [.. opening, .. vocabulary.Tokenize(begun.Content, addSpecial: false, parseSpecial: false)];
    }

    /// <summary>The tokens of a conversation.</summary>
    internal int[] Conversation(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string? tools) =>
        Tokenize(template.Render(messages, addGenerationPrompt, tools));

    /// <summary>A template that writes the start token itself does not get a second one.</summary>
    private int[] Tokenize(string text)
    {
        var tokens = vocabulary.Tokenize(text, addSpecial: true, parseSpecial: true);
        return tokens is [var one, var two, ..] && one == two && one == vocabulary.Bos && vocabulary.AddsBos ? tokens[1..] : tokens;
    }
}
