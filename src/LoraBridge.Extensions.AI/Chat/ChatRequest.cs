using LoraBridge.TextGeneration;

namespace LoraBridge.Extensions.AI;

/// <summary>A request as LoraBridge knows it.</summary>
internal sealed record ChatRequest
{
    /// <summary>All turns.</summary>
    internal required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>The turns that a conversation keeps: without the instructions of the request.</summary>
    internal required IReadOnlyList<ChatMessage> History { get; init; }

    /// <summary>How to answer.</summary>
    internal required GenerationOptions Options { get; init; }

    /// <summary>The model, or the adapters, that the request chose.</summary>
    internal required string ModelId { get; init; }

    /// <summary>The conversation that is kept; null when none is.</summary>
    internal string? ConversationId { get; init; }

    /// <summary>Whether thoughts are left out of the response.</summary>
    internal bool HidesReasoning { get; init; }

    /// <summary>What all parts of the response bear.</summary>
    internal string ResponseId { get; } = $"lorabridge-{Guid.NewGuid():N}";

    /// <summary>When the request came.</summary>
    internal DateTimeOffset CreatedAt { get; } = DateTimeOffset.UtcNow;
}
