using LoraBridge.Examples.BaseModel.Corpus;

namespace LoraBridge.Examples.BaseModel.Tokenizer;

/// <summary>The ChatML rendering of dialogues, and its template for the model file.</summary>
internal static class ChatMl
{
    /// <summary>The Jinja text of <c>tokenizer.chat_template</c>; llama.cpp knows it by its control tokens.</summary>
    public const string Template =
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    /// <summary>A document as the model sees it in training: it always ends with the end-of-text token.</summary>
    public static string Render(Document document) =>
        (document.IsDialogue ? string.Concat(document.Messages.Select(Render)) : document.Text) + BpeVocabulary.EndOfText;

    /// <summary>The dialogue so far and the opening of the assistant's turn.</summary>
    public static string RenderPrompt(IEnumerable<Message> messages) => string.Concat(messages.Select(Render)) + Opening("assistant");

    /// <summary>The tokens of a rendered document and their labels.</summary>
    /// <param name="document">A dialogue or prose.</param>
    /// <param name="tokenizer">Its control tokens are recognised.</param>
    /// <param name="promptsBearLoss">False leaves the system's and the user's turns without labels; prose always has them.</param>
    public static Sample Encode(Document document, BpeTokenizer tokenizer, bool promptsBearLoss)
    {
        var (ids, labels) = (new List<int>(), new List<int>());
        foreach (var message in document.Messages)
        {
            Append(Opening(message.Role), promptsBearLoss);
            Append(message.Content + BpeVocabulary.TurnEnd, promptsBearLoss || message.Role == "assistant");
            Append("\n", promptsBearLoss);
        }
        Append(document.Text + BpeVocabulary.EndOfText, true);
        return new Sample([.. ids], [.. labels]);

        void Append(string text, bool bearsLoss)
        {
            var tokens = tokenizer.EncodeWithControlTokens(text);
            ids.AddRange(tokens);
            labels.AddRange(bearsLoss ? tokens : Enumerable.Repeat(Sample.Ignored, tokens.Count));
        }
    }

    private static string Render(Message message) => Opening(message.Role) + message.Content + BpeVocabulary.TurnEnd + "\n";

    private static string Opening(string role) => BpeVocabulary.TurnStart + role + "\n";
}
