using System.Text.Json;
using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.TextGeneration;

/// <summary>A model's own chat template, as its GGUF file carries it in <c>tokenizer.chat_template</c>.</summary>
/// <remarks>Immutable; safe for use by several threads.</remarks>
internal sealed class JinjaChatTemplate : IChatTemplate
{
    private static readonly string[] ReasoningNames = ["reasoning_content", "reasoning", "thinking"];

    private readonly JinjaTemplate _template;
    private readonly string _bosToken;
    private readonly string _eosToken;
    private readonly string _reasoningName;
    private readonly TimeProvider _clock;

    /// <param name="source">The template.</param>
    /// <param name="bosToken">The text of the model's beginning-of-sequence token; templates write it themselves.</param>
    /// <param name="eosToken">The text of the model's end-of-sequence token.</param>
    /// <param name="clock">What <c>strftime_now</c> reads; the system's clock when null.</param>
    /// <exception cref="ChatTemplateException">The template cannot be parsed.</exception>
    public JinjaChatTemplate(string source, string? bosToken = null, string? eosToken = null, TimeProvider? clock = null)
    {
        _template = JinjaTemplate.Parse(source);
        _bosToken = bosToken ?? "";
        _eosToken = eosToken ?? "";
        _clock = clock ?? TimeProvider.System;
        // Templates disagree on where a turn keeps its reasoning.
        _reasoningName = ReasoningNames.FirstOrDefault(name => source.Contains(name, StringComparison.Ordinal)) ?? ReasoningNames[0];
    }

    /// <inheritdoc/>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string? tools = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        try
        {
            return RenderAsGiven(messages, addGenerationPrompt, tools);
        }
        catch (ChatTemplateException) when (messages is [{ Role: ChatRole.System }, { Role: ChatRole.User }, ..])
        {
            // Templates without a system role refuse it; their models are told in the first question.
            var first = messages[1] with { Content = $"{messages[0].Content.Trim()}\n\n{messages[1].Content}" };
            return RenderAsGiven([first, .. messages.Skip(2)], addGenerationPrompt, tools);
        }
    }

    private string RenderAsGiven(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string? tools)
    {
        var hasToolCalls = messages.Any(message => message.ToolCalls is not null);
        try
        {
            return Render(messages, addGenerationPrompt, tools, argumentsAsObjects: true);
        }
        catch (ChatTemplateException) when (hasToolCalls)
        {
            // Most templates want a call's arguments as an object, a few as the JSON text.
            return Render(messages, addGenerationPrompt, tools, argumentsAsObjects: false);
        }
    }

    private string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string? tools, bool argumentsAsObjects)
    {
        var variables = new Dictionary<string, Value>
        {
            ["messages"] = new ListValue([.. messages.Select(message => ToValue(message, argumentsAsObjects))]),
            ["add_generation_prompt"] = Value.From(addGenerationPrompt),
            ["tools"] = tools is null ? NoneValue.Instance : ParseJson(tools, "tools"),
            ["bos_token"] = Value.From(_bosToken),
            ["eos_token"] = Value.From(_eosToken),
        };
        return _template.Render(variables, _clock);
    }

    private Value ToValue(ChatMessage message, bool argumentsAsObjects)
    {
        var value = new DictValue().With("role", Value.From(message.Role)).With("content", Value.From(message.Content));
        if (message.Reasoning is not null)
            value.With(_reasoningName, Value.From(message.Reasoning));
        if (message.ToolCalls is not null)
            value.With("tool_calls", ToolCallArguments.Convert(ParseJson(message.ToolCalls, "tool_calls"), argumentsAsObjects));
        if (message.ToolCallId is not null)
            value.With("tool_call_id", Value.From(message.ToolCallId));
        if (message.Name is not null)
            value.With("name", Value.From(message.Name));
        return value;
    }

    private static Value ParseJson(string json, string name)
    {
        try
        {
            return JsonText.Parse(json);
        }
        catch (JsonException exception)
        {
            throw new ChatTemplateException($"'{name}' of the conversation is no JSON: {exception.Message}", innerException: exception);
        }
    }
}
