using System.Text.Json;
using LoraBridge.TextGeneration;
using Microsoft.Extensions.AI;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using ChatRole = Microsoft.Extensions.AI.ChatRole;

namespace LoraBridge.Extensions.AI;

/// <summary>Turns answers into responses of Microsoft.Extensions.AI.</summary>
internal static class ResponseMapper
{
    internal static ChatResponse Response(ChatRequest request, TextGenerationResult result)
    {
        var contents = new List<AIContent>();
        if (result.Reasoning is { Length: > 0 } reasoning && !request.HidesReasoning)
            contents.Add(new TextReasoningContent(reasoning));
        if (result.Text.Length > 0 || result.ToolCalls.Count == 0)
            contents.Add(new TextContent(result.Text));
        contents.AddRange(result.ToolCalls.Select(Call));
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, contents) { MessageId = request.ResponseId, CreatedAt = request.CreatedAt })
        {
            ResponseId = request.ResponseId,
            ConversationId = request.ConversationId,
            CreatedAt = request.CreatedAt,
            ModelId = request.ModelId,
            FinishReason = Reason(result),
            Usage = Usage(result),
            RawRepresentation = result,
        };
    }

    /// <summary>The update of a stream; null when there is nothing to tell.</summary>
    internal static ChatResponseUpdate? Update(ChatRequest request, GenerationUpdate update) => update switch
    {
        TextUpdate text => Of(request, new TextContent(text.Text), update),
        ReasoningUpdate when request.HidesReasoning => null,
        ReasoningUpdate thought => Of(request, new TextReasoningContent(thought.Text), update),
        ToolCallUpdate call => Of(request, Call(call.Call), update),
        ResultUpdate end => Last(request, end.Result, update),
        _ => null,
    };

    private static ChatResponseUpdate Last(ChatRequest request, TextGenerationResult result, GenerationUpdate update)
    {
        var last = Of(request, new UsageContent(Usage(result)), update);
        last.FinishReason = Reason(result);
        return last;
    }

    private static ChatResponseUpdate Of(ChatRequest request, AIContent content, GenerationUpdate update) => new(ChatRole.Assistant, [content])
    {
        ResponseId = request.ResponseId,
        MessageId = request.ResponseId,
        ConversationId = request.ConversationId,
        CreatedAt = request.CreatedAt,
        ModelId = request.ModelId,
        RawRepresentation = update,
    };

    private static FunctionCallContent Call(ToolCall call) => FunctionCallContent.CreateFromParsedArguments(
        call.Arguments, call.Id, call.Name,
        static json => (IDictionary<string, object?>?)JsonSerializer.Deserialize(
            json, AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(IDictionary<string, object?>))));

    private static ChatFinishReason Reason(TextGenerationResult result) => result switch
    {
        { ToolCalls.Count: > 0 } => ChatFinishReason.ToolCalls,
        { StopReason: StopReason.MaximumTokens or StopReason.ContextFull } => ChatFinishReason.Length,
        _ => ChatFinishReason.Stop,
    };

    private static UsageDetails Usage(TextGenerationResult result) => new()
    {
        InputTokenCount = result.PromptTokenCount,
        OutputTokenCount = result.Tokens.Count,
        TotalTokenCount = result.PromptTokenCount + result.Tokens.Count,
        CachedInputTokenCount = Math.Max(0, result.PromptTokenCount - result.ReadTokenCount),
        ReasoningTokenCount = result.ReasoningTokenCount,
    };
}
