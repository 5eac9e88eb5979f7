using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>Answers one question at a time and remembers none.</summary>
public sealed class SingleTurnConversation : Conversation
{
    /// <summary>Prepares to answer.</summary>
    /// <param name="model">The model; it stays loaded as long as this.</param>
    /// <param name="contextLength">Tokens of question and answer; 0 takes what the model was trained for, at most 4096.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="ChatTemplateException">The model's chat template cannot be parsed.</exception>
    /// <exception cref="InsufficientMemoryException">The context needs more memory than there is.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public SingleTurnConversation(LM model, int contextLength = 0) : base(model, contextLength)
    {
    }

    /// <summary>
    /// Whether a question is put into the model's chat format, with the system prompt: true unless set. False lets the model continue
    /// the text as it is.
    /// </summary>
    public bool UseChatTemplate { get; set; } = true;

    /// <summary>The latest answer that was completed; null before the first.</summary>
    public TextGenerationResult? LastResult { get; private set; }

    /// <summary>Asks and waits for the answer.</summary>
    /// <param name="prompt">The question, or the text to continue.</param>
    /// <param name="cancellationToken">Stops the answer, also while the text is still being read.</param>
    /// <exception cref="ArgumentException">The prompt is null or empty, or the text to continue does not fit the context.</exception>
    /// <exception cref="ChatTemplateException">The model's template does not accept the question.</exception>
    /// <exception cref="InvalidOperationException">The question does not fit the context.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public TextGenerationResult Submit(string prompt, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(prompt);
        return Submit(prompt, onText: null, cancellationToken);
    }

    /// <summary>Asks without blocking the caller.</summary>
    /// <inheritdoc cref="Submit(string, CancellationToken)"/>
    public Task<TextGenerationResult> SubmitAsync(string prompt, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(prompt);
        return Task.Run(() => Submit(prompt, cancellationToken), cancellationToken);
    }

    /// <summary>Asks and passes the answer on as it is generated; afterwards <see cref="LastResult"/> has the rest.</summary>
    /// <remarks>Whoever stops reading cancels the answer.</remarks>
    /// <inheritdoc cref="Submit(string, CancellationToken)"/>
    public IAsyncEnumerable<string> SubmitStreamingAsync(string prompt, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(prompt);
        return Stream((onText, stop) => Submit(prompt, onText, stop), cancellationToken);
    }

    private TextGenerationResult Submit(string prompt, Action<string>? onText, CancellationToken cancellationToken) => Serialized(() =>
        LastResult = UseChatTemplate
            ? Answer([new ChatMessage(ChatRole.User, prompt)], tools: null, onText, cancellationToken)
            : Continue(prompt, onText, cancellationToken), cancellationToken);
}
