using System.Text;
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
        (document.IsDialogue ? Render(document.Messages) : document.Text) + BpeVocabulary.EndOfText;

    /// <summary>The dialogue so far and the opening of the assistant's turn.</summary>
    public static string RenderPrompt(IEnumerable<Message> messages) => Render(messages) + BpeVocabulary.TurnStart + "assistant\n";

    private static string Render(IEnumerable<Message> messages)
    {
        var text = new StringBuilder();
        foreach (var (role, content) in messages)
            text.Append(BpeVocabulary.TurnStart).Append(role).Append('\n').Append(content).Append(BpeVocabulary.TurnEnd).Append('\n');
        return text.ToString();
    }
}
