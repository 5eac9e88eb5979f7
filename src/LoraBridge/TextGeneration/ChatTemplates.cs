using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>Chooses how conversations are written for a model: the same way for inference and for training.</summary>
internal static class ChatTemplates
{
    private const string ChatMl = "chatml";
    private const string ChatMlStart = "<|im_start|>";

    /// <summary>
    /// The format that llama.cpp has built in for the model's template, else the template itself; for a model without template ChatML
    /// where its vocabulary has the tokens, else plain lines.
    /// </summary>
    /// <exception cref="ChatTemplateException">The model's template can neither be recognised nor parsed.</exception>
    internal static IChatTemplate For(LM model)
    {
        if (model.ChatTemplate is { Length: > 0 } template)
            return LlamaChatTemplate.TryCreate(template) ?? (IChatTemplate)new JinjaChatTemplate(template, model.BosText, model.EosText);
        var knowsChatMl = model.Vocabulary.HasTokenizer && model.Tokenize(ChatMlStart, addSpecial: false, parseSpecial: true).Length == 1;
        return knowsChatMl && LlamaChatTemplate.TryCreate(ChatMl) is { } chatMl ? chatMl : new PlainChatTemplate();
    }
}
