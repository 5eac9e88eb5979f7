using System.Text.Json;
using LoraBridge.Model;
using LoraBridge.TextGeneration.Tools;

namespace LoraBridge.TextGeneration;

/// <summary>How one answer is generated. Null takes the conversation's setting.</summary>
public sealed record GenerationOptions
{
    private readonly int? _maximumCompletionTokens;
    private readonly IReadOnlyList<string>? _stopSequences;

    /// <summary>How tokens are chosen.</summary>
    public SamplingMode? SamplingMode { get; init; }

    /// <summary>The most tokens of the answer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int? MaximumCompletionTokens
    {
        get => _maximumCompletionTokens;
        init
        {
            if (value is { } tokens)
                ArgumentOutOfRangeException.ThrowIfNegative(tokens);
            _maximumCompletionTokens = value;
        }
    }

    /// <summary>Texts that end the answer, and are not part of it.</summary>
    /// <exception cref="ArgumentException">A text is null or empty.</exception>
    public IReadOnlyList<string>? StopSequences
    {
        get => _stopSequences;
        init => _stopSequences = value is null ? null : Conversation.CheckedStopSequences(value);
    }

    /// <summary>What happens when the messages and the room for the answer exceed the context.</summary>
    public ContextPolicy? ContextPolicy { get; init; }

    /// <summary>Whether a cancelled answer is kept as far as it was generated; see <see cref="Conversation.KeepCancelledAnswers"/>.</summary>
    public bool? KeepCancelledAnswers { get; init; }

    /// <summary>The adapters that count for this answer, instead of those of the conversation or the model; none at all is a choice, too.</summary>
    public IReadOnlyList<LoraAdapter>? Adapters { get; init; }

    /// <summary>The tools on offer: a JSON array in the shape of OpenAI's <c>tools</c>.</summary>
    public string? Tools { get; init; }

    /// <summary>Whether tools are called: <see cref="TextGeneration.ToolChoice.Auto"/> unless set.</summary>
    public ToolChoice? ToolChoice { get; init; }

    /// <summary>
    /// Whether an answer may hold more than one call. Null: where the model decides to call, it may, and where it must, it makes one call.
    /// </summary>
    public bool? AllowSeveralToolCalls { get; init; }

    /// <summary>
    /// Whether the model thinks before it answers, where its chat template lets one choose (<c>enable_thinking</c>, <c>thinking</c>); null
    /// leaves it to the template.
    /// </summary>
    public bool? Thinking { get; init; }

    /// <summary>How much the model thinks, where its chat template asks (<c>reasoning_effort</c>): usually low, medium or high.</summary>
    public string? ReasoningEffort { get; init; }

    /// <summary>More variables for the chat template by name, each as JSON text; null for none.</summary>
    public IReadOnlyDictionary<string, string>? TemplateVariables { get; init; }

    /// <summary>The tools that are shown to the model.</summary>
    internal string? OfferedTools => ToolChoice is { IsAllowed: false } ? null : Tools;

    /// <summary>What the chat template is told besides the turns.</summary>
    internal TemplateSettings TemplateSettings
    {
        get
        {
            var variables = new Dictionary<string, string>(TemplateVariables ?? new Dictionary<string, string>());
            if (Thinking is { } thinks)
                variables["enable_thinking"] = variables["thinking"] = thinks ? "true" : "false";
            if (ReasoningEffort is { } effort)
                variables["reasoning_effort"] = JsonSerializer.Serialize(effort, ToolJson.Default.String);
            return new TemplateSettings(OfferedTools, variables.Count > 0 ? variables : null);
        }
    }
}
