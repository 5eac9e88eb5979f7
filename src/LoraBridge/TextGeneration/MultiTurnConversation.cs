using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>A conversation that remembers its turns.</summary>
/// <remarks>
/// What does not fit the context any more is left out of what the model reads, as <see cref="Conversation.ContextPolicy"/> says;
/// <see cref="ChatHistory"/> keeps it. A call that throws leaves the history as it was; one that is cancelled leaves what was generated.
/// </remarks>
public sealed class MultiTurnConversation : Conversation
{
    /// <summary>Starts a conversation.</summary>
    /// <param name="model">The model; it stays loaded as long as the conversation.</param>
    /// <param name="history">Turns so far; the conversation continues this very object. Null starts without any.</param>
    /// <param name="contextLength">Tokens that it can hold; 0 takes what the model was trained for, at most 4096.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="InsufficientMemoryException">The context needs more memory than there is.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public MultiTurnConversation(LM model, ChatHistory? history = null, int contextLength = 0) : base(model, contextLength)
    {
        ChatHistory = history ?? [];
    }

    /// <summary>The turns so far. Change it only between calls.</summary>
    public ChatHistory ChatHistory { get; }

    /// <summary>Adds a user's turn and waits for the answer.</summary>
    /// <param name="message">The user's turn.</param>
    /// <param name="cancellationToken">Stops the answer, also while the text is still being read; see <see cref="Conversation.KeepCancelledAnswers"/>.</param>
    /// <exception cref="ArgumentException">The message is null or blank.</exception>
    /// <inheritdoc cref="Continue" path="/exception"/>
    public TextGenerationResult Submit(string message, CancellationToken cancellationToken = default) =>
        Run(Question(message), cancellationToken);

    /// <summary>Adds a user's turn and answers it without blocking the caller.</summary>
    /// <inheritdoc cref="Submit(string, CancellationToken)"/>
    public Task<TextGenerationResult> SubmitAsync(string message, CancellationToken cancellationToken = default) =>
        RunAsync(Question(message), cancellationToken);

    /// <summary>Adds a user's turn and streams the answer; the last piece is a <see cref="ResultUpdate"/>.</summary>
    /// <remarks>Ending the enumeration early cancels the answer.</remarks>
    /// <inheritdoc cref="Submit(string, CancellationToken)"/>
    public IAsyncEnumerable<GenerationUpdate> SubmitStreamingAsync(string message, CancellationToken cancellationToken = default) =>
        Stream(Question(message), cancellationToken);

    /// <summary>
    /// Answers the history as it is, for example after tool results were added. An assistant's turn at its end is continued.
    /// </summary>
    /// <param name="cancellationToken">Stops the answer; see <see cref="Conversation.KeepCancelledAnswers"/>.</param>
    /// <exception cref="ChatTemplateException">The model's template does not accept the conversation, or cannot be read.</exception>
    /// <exception cref="InvalidOperationException">The last turn alone does not fit the context, or <see cref="ContextPolicy.Throw"/> is asked for.</exception>
    /// <exception cref="InvalidDataException">The model computed no numbers: its weights or an adapter are broken.</exception>
    /// <exception cref="InferenceQueueFullException">Too many answers on the model wait already.</exception>
    /// <exception cref="ObjectDisposedException">The conversation was disposed, or is while nothing was generated yet.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public TextGenerationResult Continue(CancellationToken cancellationToken = default) => Run(Continuation(), cancellationToken);

    /// <summary>As <see cref="Continue"/>, without blocking the caller.</summary>
    /// <inheritdoc cref="Continue"/>
    public Task<TextGenerationResult> ContinueAsync(CancellationToken cancellationToken = default) => RunAsync(Continuation(), cancellationToken);

    /// <summary>As <see cref="Continue"/>, piece by piece; the last piece is a <see cref="ResultUpdate"/>.</summary>
    /// <remarks>Ending the enumeration early cancels the answer.</remarks>
    /// <inheritdoc cref="Continue"/>
    public IAsyncEnumerable<GenerationUpdate> ContinueStreamingAsync(CancellationToken cancellationToken = default) =>
        Stream(Continuation(), cancellationToken);

    /// <summary>Removes the last answer and generates another one.</summary>
    /// <param name="cancellationToken">Stops the answer; if nothing was generated yet, the old one stays.</param>
    /// <exception cref="InvalidOperationException">There is no answer yet.</exception>
    /// <inheritdoc cref="Continue" path="/exception"/>
    public TextGenerationResult RegenerateResponse(CancellationToken cancellationToken = default) => Run(OtherAnswer(), cancellationToken);

    /// <summary>As <see cref="RegenerateResponse"/>, without blocking the caller.</summary>
    /// <inheritdoc cref="RegenerateResponse"/>
    public Task<TextGenerationResult> RegenerateResponseAsync(CancellationToken cancellationToken = default) =>
        RunAsync(OtherAnswer(), cancellationToken);

    /// <summary>Forgets all turns; the system prompt stays. An answer that is being generated is cancelled.</summary>
    /// <exception cref="ObjectDisposedException">The conversation was disposed.</exception>
    public void ClearHistory()
    {
        CancelAnswer();
        BetweenTurns(ChatHistory.Clear);
    }

    private ConversationTurn Question(string message)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(message);
        var question = new ChatMessage(ChatRole.User, message);
        return Turn(() => [.. ChatHistory, question], answer =>
        {
            ChatHistory.Add(question);
            ChatHistory.Add(answer);
        });
    }

    private ConversationTurn Continuation() => Turn(() => [.. ChatHistory], answer =>
    {
        if (ChatHistory is [.., { Role: ChatRole.Assistant } begun])
        {
            ChatHistory.RemoveLast();
            answer = answer with { Content = begun.Content + answer.Content, Reasoning = answer.Reasoning ?? begun.Reasoning };
        }
        ChatHistory.Add(answer);
    });

    private ConversationTurn OtherAnswer() => Turn(
        () => ChatHistory is [.., { Role: ChatRole.Assistant }]
            ? [.. ChatHistory.SkipLast(1)]
            : throw new InvalidOperationException("The conversation does not end with an answer."),
        answer =>
        {
            ChatHistory.RemoveLast();
            ChatHistory.Add(answer);
        });

    private ConversationTurn Turn(Func<ChatMessage[]> messages, Action<ChatMessage> remember)
    {
        var options = new GenerationOptions { Tools = ChatHistory.Tools };
        return new ConversationTurn
        {
            Options = options,
            Prompt = stop => PromptOf(WithSystemPrompt(messages()), options, stop),
            Remember = result => remember(result.ToMessage()),
        };
    }
}
