using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>A conversation of single questions: nothing is remembered between them.</summary>
public sealed class SingleTurnConversation : Conversation
{
    /// <summary>Creates a conversation on a model.</summary>
    /// <param name="model">The model; it stays loaded as long as this.</param>
    /// <param name="contextLength">Tokens of question and answer; 0 takes what the model was trained for, at most 4096.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
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

    /// <summary>Submits a prompt and waits for the answer.</summary>
    /// <param name="prompt">The question, or the text to continue.</param>
    /// <param name="cancellationToken">Stops the answer, also while the text is still being read; see <see cref="Conversation.KeepCancelledAnswers"/>.</param>
    /// <exception cref="ArgumentException">The prompt is null or empty, or the text to continue does not fit the context.</exception>
    /// <exception cref="ChatTemplateException">The model's template does not accept the question, or cannot be read.</exception>
    /// <exception cref="InvalidOperationException">The question does not fit the context.</exception>
    /// <exception cref="InvalidDataException">The model computed no numbers: its weights or an adapter are broken.</exception>
    /// <exception cref="InferenceQueueFullException">Too many answers on the model wait already.</exception>
    /// <exception cref="ObjectDisposedException">The conversation was disposed, or is while nothing was generated yet.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public TextGenerationResult Submit(string prompt, CancellationToken cancellationToken = default) => Run(Question(prompt), cancellationToken);

    /// <summary>Submits a prompt without blocking the caller.</summary>
    /// <inheritdoc cref="Submit(string, CancellationToken)"/>
    public Task<TextGenerationResult> SubmitAsync(string prompt, CancellationToken cancellationToken = default) =>
        RunAsync(Question(prompt), cancellationToken);

    /// <summary>Submits a prompt and streams the answer; the last piece is a <see cref="ResultUpdate"/>.</summary>
    /// <remarks>Ending the enumeration early cancels the answer.</remarks>
    /// <inheritdoc cref="Submit(string, CancellationToken)"/>
    public IAsyncEnumerable<GenerationUpdate> SubmitStreamingAsync(string prompt, CancellationToken cancellationToken = default) =>
        Stream(Question(prompt), cancellationToken);

    private ConversationTurn Question(string prompt)
    {
        ArgumentException.ThrowIfNullOrEmpty(prompt);
        return new ConversationTurn
        {
            Prompt = stop => UseChatTemplate
                ? PromptOf(WithSystemPrompt([new ChatMessage(ChatRole.User, prompt)]), new GenerationOptions(), stop)
                : PromptOf(prompt),
        };
    }
}
