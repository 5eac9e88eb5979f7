using System.Collections.Frozen;
using System.Text.Json;
using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.TextGeneration;

/// <summary>A model's own chat template, as its GGUF file carries it in <c>tokenizer.chat_template</c>.</summary>
/// <remarks>Immutable; safe for use by several threads.</remarks>
internal sealed class JinjaChatTemplate : IChatTemplate
{
    private readonly JinjaTemplate _template;
    private readonly string _bosToken;
    private readonly string _eosToken;
    private readonly FrozenSet<string> _reasoningNames;
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
        _reasoningNames = MessageValues.ReasoningNames.Where(_template.Members.Contains).ToFrozenSet();
    }

    /// <summary>The names of attributes and items that the template asks for.</summary>
    public IReadOnlySet<string> Members => _template.Members;

    /// <inheritdoc/>
    public RenderedChat Render(ChatTemplateRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var messages = request.Messages;
        try
        {
            return RenderAsGiven(request, [.. messages.Select(message => new MessageText(message))]);
        }
        catch (ChatTemplateException) when (messages is [{ Role: ChatRole.System }, { Role: ChatRole.User }, ..])
        {
            // Templates without a system role refuse it; their models are told in the first question.
            return RenderAsGiven(request, [new MessageText(messages[1], messages[0].Content.Trim()), .. messages.Skip(2).Select(message => new MessageText(message))], skipped: 1);
        }
    }

    /// <summary>
    /// Tries the shapes that templates expect: content as a string or as parts, arguments of calls as an object or as JSON text. The first
    /// under which no content is lost is taken, else the one that loses least.
    /// </summary>
    private RenderedChat RenderAsGiven(ChatTemplateRequest request, IReadOnlyList<MessageText> messages, int skipped = 0)
    {
        var hasToolCalls = request.Messages.Any(message => message.ToolCalls is not null);
        (RenderedChat Chat, int Lost)? best = null;
        ChatTemplateException? refusal = null;
        foreach (var (asParts, argumentsAsObjects) in Shapes(hasToolCalls))
        {
            try
            {
                var rendered = Render(request, messages, new MessageValues(_reasoningNames, asParts, argumentsAsObjects, skipped));
                var lost = rendered.Sources.Count(source => source.Kind == MessageValues.Content && rendered.IsMissing(source));
                if (best is null || lost < best.Value.Lost)
                    best = (rendered, lost);
                if (lost == 0)
                    break;
            }
            catch (ChatTemplateException exception)
            {
                refusal ??= exception;
            }
        }
        return best?.Chat ?? throw refusal!;
    }

    private static IEnumerable<(bool AsParts, bool ArgumentsAsObjects)> Shapes(bool hasToolCalls)
    {
        yield return (false, true);
        if (hasToolCalls)
            yield return (false, false);
        yield return (true, true);
        if (hasToolCalls)
            yield return (true, false);
    }

    private RenderedChat Render(ChatTemplateRequest request, IReadOnlyList<MessageText> messages, MessageValues values)
    {
        var variables = new Dictionary<string, Value>
        {
            ["bos_token"] = Value.From(_bosToken),
            ["eos_token"] = Value.From(_eosToken),
        };
        foreach (var (name, json) in request.Variables ?? new Dictionary<string, string>())
            variables[name] = MessageValues.ParseJson(json, name);
        variables["messages"] = new ListValue([.. messages.Select(values.Create)]);
        variables["tools"] = request.Tools is null ? NoneValue.Instance : values.CreateTools(request.Tools);
        variables["add_generation_prompt"] = Value.From(request.AddGenerationPrompt);
        return new RenderedChat(_template.RenderTraced(variables, _clock), values.Sources);
    }
}
