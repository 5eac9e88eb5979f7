using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LoraBridge.Model;
using LoraBridge.TextGeneration;
using Microsoft.Extensions.AI;
using ChatMessage = LoraBridge.TextGeneration.ChatMessage;
using ExtensionsMessage = Microsoft.Extensions.AI.ChatMessage;

namespace LoraBridge.Extensions.AI;

/// <summary>Turns requests of Microsoft.Extensions.AI into what LoraBridge is asked.</summary>
internal sealed class RequestMapper(IChatClient client, string modelId, LoraBridgeChatClientOptions defaults)
{
    private const int MaximumGrammars = 32;

    private readonly ConcurrentDictionary<string, Grammar> _grammars = [];
    private readonly AdapterChoice _adapters = new(modelId, defaults.Adapters, defaults.DefaultAdapters);

    /// <param name="messages">The messages of the request.</param>
    /// <param name="options">Its options.</param>
    /// <param name="kept">The conversation that it goes on with; null for none.</param>
    /// <param name="keeps">Whether conversations are kept.</param>
    internal ChatRequest Map(
        IEnumerable<ExtensionsMessage> messages, ChatOptions? options, (string Id, IReadOnlyList<ChatMessage> History)? kept, bool keeps)
    {
        var before = kept?.History ?? [];
        List<ChatMessage> history = [.. before, .. MessageMapper.Map(messages, before)];
        var raw = options?.RawRepresentationFactory?.Invoke(client) as GenerationOptions ?? new GenerationOptions();
        return new ChatRequest
        {
            Messages = MessageMapper.WithInstructions(options?.Instructions, history),
            History = history,
            Options = raw with
            {
                SamplingMode = Sampling(options, raw.SamplingMode ?? defaults.SamplingMode),
                MaximumCompletionTokens = options?.MaxOutputTokens ?? raw.MaximumCompletionTokens ?? defaults.MaximumOutputTokens,
                StopSequences = options?.StopSequences is { } stops ? [.. stops] : raw.StopSequences,
                Tools = options?.Tools is { Count: > 0 } tools ? Tools(tools) : raw.Tools,
                ToolChoice = options?.ToolMode is { } mode ? Choice(mode) : raw.ToolChoice,
                AllowSeveralToolCalls = options?.AllowMultipleToolCalls ?? raw.AllowSeveralToolCalls,
                Adapters = _adapters.Of(options?.ModelId, options?.AdditionalProperties) ?? raw.Adapters,
                Thinking = options?.Reasoning?.Effort is { } effort ? effort != ReasoningEffort.None : raw.Thinking,
                ReasoningEffort = options?.Reasoning?.Effort is { } level ? EffortName(level) : raw.ReasoningEffort,
                KeepCancelledAnswers = false,
            },
            ModelId = options?.ModelId ?? modelId,
            ConversationId = keeps ? kept?.Id ?? Guid.NewGuid().ToString("N") : null,
            HidesReasoning = options?.Reasoning?.Output == ReasoningOutput.None,
        };
    }

    private SamplingMode Sampling(ChatOptions? options, SamplingMode mode)
    {
        if (options is null)
            return mode;
        var extra = options.AdditionalProperties;
        return mode with
        {
            Temperature = options.Temperature ?? mode.Temperature,
            TopP = options.TopP ?? mode.TopP,
            TopK = options.TopK ?? mode.TopK,
            MinP = Number(extra, "min_p") ?? mode.MinP,
            RepetitionPenalty = Number(extra, "repeat_penalty") ?? mode.RepetitionPenalty,
            FrequencyPenalty = options.FrequencyPenalty ?? mode.FrequencyPenalty,
            PresencePenalty = options.PresencePenalty ?? mode.PresencePenalty,
            // Both halves of a seed count.
            Seed = options.Seed is { } seed ? (uint)seed ^ (uint)(seed >> 32) : mode.Seed,
            Grammar = Format(options) ?? mode.Grammar,
        };
    }

    /// <summary>The grammar of the format that is asked for; null for free text.</summary>
    private Grammar? Format(ChatOptions options)
    {
        if (options.AdditionalProperties?.TryGetValue("grammar", out var grammar) == true)
        {
            return grammar switch
            {
                Grammar made => made,
                string text => Cached("gbnf " + text, () => Grammar.Parse(text)),
                _ => throw new ArgumentException($"'grammar' must be a {nameof(Grammar)} or GBNF, found {grammar?.GetType().Name ?? "null"}.", nameof(options)),
            };
        }
        return options.ResponseFormat switch
        {
            ChatResponseFormatJson { Schema: { } schema } => Cached(schema.GetRawText(), () => Grammar.FromJsonSchema(schema.GetRawText())),
            ChatResponseFormatJson => Grammar.JsonObject,
            _ => null,
        };
    }

    private Grammar Cached(string key, Func<Grammar> make)
    {
        if (_grammars.Count >= MaximumGrammars)
            _grammars.Clear();
        return _grammars.GetOrAdd(key, _ => make());
    }

    private static float? Number(AdditionalPropertiesDictionary? properties, string name)
    {
        if (properties?.TryGetValue(name, out var value) != true)
            return null;
        return value switch
        {
            IConvertible number => number.ToSingle(CultureInfo.InvariantCulture),
            JsonElement { ValueKind: JsonValueKind.Number } json => json.GetSingle(),
            _ => throw new ArgumentException($"'{name}' must be a number, found {value?.GetType().Name ?? "null"}."),
        };
    }

    private static string EffortName(ReasoningEffort effort) => effort switch
    {
        ReasoningEffort.ExtraHigh => "high",
        _ => effort.ToString().ToLowerInvariant(),
    };

    private static ToolChoice Choice(ChatToolMode mode) => mode switch
    {
        NoneChatToolMode => ToolChoice.None,
        RequiredChatToolMode { RequiredFunctionName: { } name } => ToolChoice.Tool(name),
        RequiredChatToolMode => ToolChoice.Required,
        _ => ToolChoice.Auto,
    };

    private static string Tools(IList<AITool> tools)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var tool in tools)
            {
                var function = tool as AIFunctionDeclaration
                    ?? throw new NotSupportedException($"The tool '{tool.Name}' ({tool.GetType().Name}) is not a function; the model can call functions only.");
                json.WriteStartObject();
                json.WriteString("type", "function");
                json.WriteStartObject("function");
                json.WriteString("name", function.Name);
                json.WriteString("description", function.Description);
                json.WritePropertyName("parameters");
                function.JsonSchema.WriteTo(json);
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
