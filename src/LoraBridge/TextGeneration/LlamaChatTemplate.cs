using LoraBridge.Native;

namespace LoraBridge.TextGeneration;

/// <summary>One of the chat formats that are built into llama.cpp, found by the text of a model's template.</summary>
internal sealed class LlamaChatTemplate : IChatTemplate
{
    private readonly string _template;

    private LlamaChatTemplate(string template) => _template = template;

    /// <summary>The built-in format for a template or a format's name; null when llama.cpp does not recognise it.</summary>
    internal static LlamaChatTemplate? TryCreate(string template)
    {
        NativeRuntime.Initialize();
        return LlamaChatTemplates.Apply(template, [(ChatRole.User, "?")], addAssistant: true) is null ? null : new LlamaChatTemplate(template);
    }

    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string? tools = null)
    {
        if (tools is not null || messages.Any(message => message.ToolCalls is not null))
            throw new ChatTemplateException("this format does not know tools");
        var turns = messages.Select(message => (message.Role, message.Content)).ToList();
        return LlamaChatTemplates.Apply(_template, turns, addGenerationPrompt)
            ?? throw new ChatTemplateException("llama.cpp refuses the conversation");
    }
}
