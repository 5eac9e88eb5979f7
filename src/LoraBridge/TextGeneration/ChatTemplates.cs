using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>Chooses how conversations are written for a model: the same way for inference and for training.</summary>
internal static class ChatTemplates
{
    private const string ChatMl = "chatml";
    private const string ChatMlStart = "<|im_start|>";

    /// <summary>
    /// The model's own template; the format that llama.cpp has built in for it, should it be beyond our renderer: that knows neither tools
    /// nor what else the template adds. For a model without template ChatML where its vocabulary has the tokens, else plain lines.
    /// </summary>
    /// <exception cref="ChatTemplateException">The model's template can neither be rendered nor recognised.</exception>
    internal static IChatTemplate For(LM model)
    {
        if (model.ChatTemplate is { Length: > 0 } template)
            return Own(model, template);
        var knowsChatMl = model.Vocabulary.HasTokenizer && model.Vocabulary.Tokenize(ChatMlStart, addSpecial: false, parseSpecial: true).Length == 1;
        return knowsChatMl && LlamaChatTemplate.TryCreate(ChatMl) is { } chatMl ? chatMl : new PlainChatTemplate();
    }

    private static IChatTemplate Own(LM model, string template)
    {
        try
        {
            var own = new JinjaChatTemplate(template, model.BosText, model.EosText);
            own.Render([new ChatMessage(ChatRole.User, "?")], addGenerationPrompt: true);
            return own;
        }
        catch (ChatTemplateException) when (LlamaChatTemplate.TryCreate(template) is { } builtIn)
        {
            return builtIn;
        }
    }
}
