namespace LoraBridge.TextGeneration;

/// <summary>One call of a conversation, from the prompt to what becomes of the answer.</summary>
internal sealed record ConversationTurn
{
    /// <summary>Makes the prompt, once it is the call's turn.</summary>
    public required Func<CancellationToken, Prompt> Prompt { get; init; }

    /// <summary>How to answer.</summary>
    public GenerationOptions Options { get; init; } = new();

    /// <summary>Told the answer before the next call has its turn.</summary>
    public Action<TextGenerationResult> Remember { get; init; } = _ => { };
}
