using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>Turns conversations into tokens, and leaves out the oldest turns when they do not fit.</summary>
internal sealed class PromptBuilder(Vocabulary vocabulary, IChatTemplate template)
{
    private readonly SequenceTokenizer _tokenizer = new(new ModelTokenizer(vocabulary));

    /// <summary>Whether the texts of control tokens become those tokens also where a conversation says them; false unless set.</summary>
    internal bool ParseSpecialTokensInMessages { get; init; }

    /// <summary>Whether the texts of control tokens become those tokens in texts that are not conversations; true unless set.</summary>
    internal bool ParseSpecialTokensInText { get; init; } = true;

    /// <summary>The tokens of a text that is not a conversation.</summary>
    internal int[] Plain(string text) => _tokenizer.Tokenize(text, ParseSpecialTokensInText);

    /// <summary>
    /// The tokens of a conversation that end with the opening of an answer. While they are more than <paramref name="limit"/>, the
    /// oldest exchange is left out; never a system turn at the start, nor the last turn.
    /// </summary>
    /// <param name="messages">The turns.</param>
    /// <param name="tools">A JSON array of tools, or null.</param>
    /// <param name="limit">Tokens that are wished at most: some room for the answer is set aside already.</param>
    /// <param name="maximum">Tokens that the context can hold at most.</param>
    /// <param name="omitted">How many turns were left out.</param>
    /// <exception cref="InvalidOperationException">The last turn alone does not fit.</exception>
    internal int[] Conversation(IReadOnlyList<ChatMessage> messages, string? tools, int limit, int maximum, out int omitted)
    {
        var kept = messages.ToList();
        var first = kept.Count > 0 && kept[0].Role == ChatRole.System ? 1 : 0;
        while (true)
        {
            var rendered = template.Render(new ChatTemplateRequest(kept, AddGenerationPrompt: true) { Tools = tools });
            var tokens = _tokenizer.Tokenize(rendered.Text, ParseSpecialTokensInMessages);
            var isShortest = kept.Count <= first + 1;
            omitted = messages.Count - kept.Count;
            if (tokens.Length <= (isShortest ? maximum : limit))
                return tokens;
            if (isShortest)
            {
                throw new InvalidOperationException(
                    $"The message has {tokens.Length} tokens with its system prompt, but only {maximum} fit the context.");
            }
            RemoveExchange(kept, first);
        }
    }

    private static void RemoveExchange(List<ChatMessage> messages, int first)
    {
        do
        {
            messages.RemoveAt(first);
        }
        while (messages.Count > first + 1 && messages[first].Role != ChatRole.User);
    }
}
