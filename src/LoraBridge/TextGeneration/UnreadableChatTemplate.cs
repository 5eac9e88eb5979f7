namespace LoraBridge.TextGeneration;

/// <summary>A template that cannot be read: a fault only where a conversation must be written.</summary>
internal sealed class UnreadableChatTemplate(ChatTemplateException fault) : IChatTemplate
{
    public RenderedChat Render(ChatTemplateRequest request) => throw new ChatTemplateException(
        $"{fault.Reason}. What needs no chat format works; for conversations give another template "
        + "(LoadingOptions.ChatTemplate, --chat-template FILE)", fault.Line, fault);
}
