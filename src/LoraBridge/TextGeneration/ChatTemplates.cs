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
    /// <param name="model">The model.</param>
    /// <param name="template">A template to use instead of the model's own, or null.</param>
    /// <returns>A template; one that can neither be rendered nor recognised fails when it is asked to write a conversation.</returns>
    /// <exception cref="ChatTemplateException"><paramref name="template"/> cannot be parsed.</exception>
    internal static IChatTemplate For(LM model, string? template = null)
    {
        if (template is not null)
            return new JinjaChatTemplate(template, model.BosText, model.EosText);
        if (model.ChatTemplate is { Length: > 0 } own)
            return Own(model, own);
        var knowsChatMl = model.Vocabulary.HasTokenizer && model.Vocabulary.Tokenize(ChatMlStart, addSpecial: false, parseSpecial: true).Length == 1;
        return knowsChatMl && LlamaChatTemplate.TryCreate(ChatMl) is { } chatMl ? chatMl : new PlainChatTemplate();
    }

    private static IChatTemplate Own(LM model, string template)
    {
        IChatTemplate own;
        try
        {
            own = new JinjaChatTemplate(template, model.BosText, model.EosText);
        }
        catch (ChatTemplateException exception)
        {
            own = new UnreadableChatTemplate(exception);
        }

        try
        {
            own.Render([new ChatMessage(ChatRole.User, "?")], addGenerationPrompt: true);
            return own;
        }
        catch (ChatTemplateException)
        {
            return LlamaChatTemplate.TryCreate(template) is { } builtIn ? builtIn : own;
        }
    }
}

/// <summary>A template that cannot be read: a fault only where a conversation must be written.</summary>
internal sealed class UnreadableChatTemplate(ChatTemplateException fault) : IChatTemplate
{
    public RenderedChat Render(ChatTemplateRequest request) => throw new ChatTemplateException(
        $"{fault.Reason}. What needs no chat format works; for conversations give another template "
        + "(LoadingOptions.ChatTemplate, --chat-template FILE)", fault.Line, fault);
}
