using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>A conversation that remembers its turns.</summary>
/// <remarks>
/// What does not fit the context any more is left out of what the model reads, the oldest exchange first; <see cref="ChatHistory"/>
/// keeps it. A call that fails or is cancelled leaves the history as it was.
/// </remarks>
public sealed class MultiTurnConversation : Conversation
{
    /// <summary>Starts a conversation.</summary>
    /// <param name="model">The model; it stays loaded as long as the conversation.</param>
    /// <param name="history">Turns so far; the conversation continues this very object. Null starts without any.</param>
    /// <param name="contextLength">Tokens that it can hold; 0 takes what the model was trained for, at most 4096.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="ChatTemplateException">The model's chat template cannot be parsed.</exception>
    /// <exception cref="InsufficientMemoryException">The context needs more memory than there is.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public MultiTurnConversation(LM model, ChatHistory? history = null, int contextLength = 0) : base(model, contextLength)
    {
        ChatHistory = history ?? [];
    }

    /// <summary>The turns so far. Change it only between calls.</summary>
    public ChatHistory ChatHistory { get; }

    /// <summary>The latest answer that was completed; null before the first.</summary>
    public TextGenerationResult? LastResult { get; private set; }

    /// <summary>Says something and waits for the answer.</summary>
    /// <param name="message">The user's turn.</param>
    /// <param name="cancellationToken">Stops the answer, also while the text is still being read.</param>
    /// <exception cref="ArgumentException">The message is null or blank.</exception>
    /// <exception cref="ChatTemplateException">The model's template does not accept the conversation.</exception>
    /// <exception cref="InvalidOperationException">The message alone does not fit the context.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public TextGenerationResult Submit(string message, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(message);
        return Submit(message, onText: null, cancellationToken);
    }

    /// <summary>Says something without blocking the caller.</summary>
    /// <inheritdoc cref="Submit(string, CancellationToken)"/>
    public Task<TextGenerationResult> SubmitAsync(string message, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(message);
        return Task.Run(() => Submit(message, cancellationToken), cancellationToken);
    }

    /// <summary>Says something and passes the answer on as it is generated; afterwards <see cref="LastResult"/> has the rest.</summary>
    /// <remarks>Whoever stops reading cancels the answer.</remarks>
    /// <inheritdoc cref="Submit(string, CancellationToken)"/>
    public IAsyncEnumerable<string> SubmitStreamingAsync(string message, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(message);
        return Stream((onText, stop) => Submit(message, onText, stop), cancellationToken);
    }

    /// <summary>Takes the last answer back and generates another one.</summary>
    /// <param name="cancellationToken">Stops the answer; then the old one stays.</param>
    /// <exception cref="InvalidOperationException">There is no answer yet.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public TextGenerationResult RegenerateResponse(CancellationToken cancellationToken = default) => Serialized(() =>
    {
        if (ChatHistory.Count == 0 || ChatHistory[^1].Role != ChatRole.Assistant)
            throw new InvalidOperationException("The conversation does not end with an answer.");
        var result = Answer([.. ChatHistory.SkipLast(1)], ChatHistory.Tools, onText: null, cancellationToken);
        ChatHistory.RemoveLast();
        return Remember(result);
    }, cancellationToken);

    /// <summary>Forgets all turns; the system prompt stays.</summary>
    public void ClearHistory() => Serialized(() =>
    {
        ChatHistory.Clear();
        LastResult = null;
        return true;
    }, CancellationToken.None);

    private TextGenerationResult Submit(string message, Action<string>? onText, CancellationToken cancellationToken) => Serialized(() =>
    {
        var turn = new ChatMessage(ChatRole.User, message);
        var result = Answer([.. ChatHistory, turn], ChatHistory.Tools, onText, cancellationToken);
        ChatHistory.Add(turn);
        return Remember(result);
    }, cancellationToken);

    private TextGenerationResult Remember(TextGenerationResult result)
    {
        ChatHistory.AddAssistantMessage(result.Text);
        LastResult = result;
        return result;
    }
}
