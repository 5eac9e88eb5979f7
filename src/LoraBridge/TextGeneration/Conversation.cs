using LoraBridge.Model;
using LoraBridge.TextGeneration.Jinja;
using LoraBridge.TextGeneration.Lanes;

namespace LoraBridge.TextGeneration;

/// <summary>What all conversations have in common: how answers are generated, and with which adapters.</summary>
/// <remarks>
/// Calls on one conversation are serialised; conversations on one model may run concurrently, see
/// <see cref="LoadingOptions.Inference"/>. Settings take effect with the next answer, adapters and their scales with the next token: the text
/// so far is then computed again under the new weights.
/// </remarks>
public abstract partial class Conversation : IDisposable
{
    private readonly LM _model;
    private readonly ModelCore _core;
    private readonly InferenceHost _host;
    private readonly InferenceClient _client;
    private volatile PromptBuilder? _prompts;
    private readonly PromptWindow _window = new();

    private protected Conversation(LM model, int contextLength)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegative(contextLength);
        _model = model;
        _core = model.Core;
        _host = InferenceHost.For(_core);
        _client = _host.Open(contextLength);
    }

    /// <summary>Instructions before all other turns; null or empty for none.</summary>
    public string? SystemPrompt { get; set; }

    /// <summary>The chat template (Jinja) that turns are rendered with; null uses the model's.</summary>
    /// <exception cref="ChatTemplateException">The template cannot be parsed.</exception>
    public string? ChatTemplate
    {
        get;
        set
        {
            if (value is not null)
                JinjaTemplate.Parse(value);
            field = value;
            _prompts = null;
        }
    }

    /// <summary>
    /// Whether control tokens that a turn writes out, such as <c>&lt;|im_end|&gt;</c>, are parsed. Off unless set: what users say must never
    /// end their turn.
    /// </summary>
    public bool ParseSpecialTokensInMessages
    {
        get;
        set
        {
            field = value;
            _prompts = null;
        }
    }

    /// <summary>
    /// Whether control tokens that are written out in a text that is not a conversation are parsed: on unless set. Turn it off for untrusted
    /// text.
    /// </summary>
    public bool ParseSpecialTokensInText { get; set; } = true;

    /// <summary>How tokens are chosen.</summary>
    public SamplingMode SamplingMode
    {
        get;
        set => field = value ?? throw new ArgumentNullException(nameof(value));
    } = SamplingMode.Default;

    /// <summary>
    /// The most tokens of an answer: 512 unless set. Room for them is kept in the context: see <see cref="ContextPolicy"/>. If they are
    /// more than the whole context, half of it is.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int MaximumCompletionTokens
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    } = 512;

    /// <summary>Texts that end an answer, and are not part of it.</summary>
    /// <exception cref="ArgumentException">A text is null or empty.</exception>
    public IReadOnlyList<string> StopSequences
    {
        get;
        set => field = CheckedStopSequences(value);
    } = [];

    /// <summary>What happens when the conversation and the room for its answer exceed the context.</summary>
    public ContextPolicy ContextPolicy { get; set; }

    /// <summary>
    /// Whether a cancelled answer is kept as far as it was generated: true unless set. Then the call returns it with
    /// <see cref="StopReason.Cancelled"/>, and a history keeps it. Otherwise, and when nothing was generated yet, the call throws
    /// <see cref="OperationCanceledException"/> and the history stays as it was.
    /// </summary>
    public bool KeepCancelledAnswers { get; set; } = true;

    /// <summary>Tokens that the conversation can hold, with the answer.</summary>
    public int ContextLength => _client.Length;

    /// <summary>
    /// Generates an answer to a list of turns as it is: of any roles, edited, with tool results; an assistant's turn at the end is continued.
    /// </summary>
    /// <remarks>No system prompt is added, and no history is changed. Turns that are in the KV cache are not computed again.</remarks>
    /// <param name="messages">The turns; none of them is null.</param>
    /// <param name="options">How to answer; what is null is taken from the conversation.</param>
    /// <param name="cancellationToken">Stops the answer; see <see cref="KeepCancelledAnswers"/>.</param>
    /// <exception cref="ArgumentException">A turn is null, or two of the adapters have the same file.</exception>
    /// <exception cref="ChatTemplateException">The model's template does not accept the turns, or cannot be read.</exception>
    /// <exception cref="InvalidOperationException">The turns do not fit the context, and may not be left out.</exception>
    /// <exception cref="InvalidDataException">The model computed no numbers: its weights or an adapter are broken.</exception>
    /// <exception cref="InferenceQueueFullException">Too many answers on the model wait already.</exception>
    /// <exception cref="ObjectDisposedException">The conversation was disposed, or is while nothing was generated yet.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public TextGenerationResult Generate(
        IReadOnlyList<ChatMessage> messages, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var turn = Turn(messages, options);
        return Run(turn, cancellationToken);
    }

    /// <summary>As <see cref="Generate"/>, without blocking the caller.</summary>
    /// <inheritdoc cref="Generate"/>
    public Task<TextGenerationResult> GenerateAsync(
        IReadOnlyList<ChatMessage> messages, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var turn = Turn(messages, options);
        return RunAsync(turn, cancellationToken);
    }

    /// <summary>
    /// As <see cref="Generate"/>, piece by piece; the last piece is a <see cref="ResultUpdate"/>. Ending the enumeration early cancels the
    /// answer.
    /// </summary>
    /// <inheritdoc cref="Generate"/>
    public IAsyncEnumerable<GenerationUpdate> GenerateStreamingAsync(
        IReadOnlyList<ChatMessage> messages, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var turn = Turn(messages, options);
        return Stream(turn, cancellationToken);
    }

    internal static string[] CheckedStopSequences(IReadOnlyList<string> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        string[] sequences = [.. value];
        return sequences.Any(string.IsNullOrEmpty) ? throw new ArgumentException("A stop sequence is not empty.", nameof(value)) : sequences;
    }

    /// <summary>The turns with the system prompt in front, unless they begin with one.</summary>
    private protected IReadOnlyList<ChatMessage> WithSystemPrompt(IReadOnlyList<ChatMessage> messages) =>
        string.IsNullOrEmpty(SystemPrompt) || messages is [{ Role: ChatRole.System }, ..]
            ? messages
            : [new ChatMessage(ChatRole.System, SystemPrompt), .. messages];

    /// <summary>The prompt of turns, as the context policy has it.</summary>
    private protected Prompt PromptOf(IReadOnlyList<ChatMessage> messages, GenerationOptions options, CancellationToken cancellationToken)
    {
        var prompt = _window.Fit(
            Prompts(), messages, options.TemplateSettings, _client.Length, options.MaximumCompletionTokens ?? MaximumCompletionTokens,
            options.ContextPolicy ?? ContextPolicy, cancellationToken);
        return prompt.Tokens.Length > 0 ? prompt : throw new InvalidOperationException("The model's chat template makes no text of these turns.");
    }

    /// <summary>The prompt of a text that is not a conversation.</summary>
    private protected Prompt PromptOf(string text)
    {
        var tokens = PromptBuilder.Plain(_model.Vocabulary, text, ParseSpecialTokensInText);
        return tokens.Length > 0 && tokens.Length < _client.Length
            ? new Prompt(tokens, 0, 0) { IsText = true }
            : throw new ArgumentException($"The text has {tokens.Length} tokens, expected 1 to {_client.Length - 1}.", nameof(text));
    }

    private PromptBuilder Prompts() => _prompts ??= new PromptBuilder(
        _model.Vocabulary, ChatTemplates.For(_model, ChatTemplate), ChatTemplate ?? _model.ChatTemplate)
    {
        ParseSpecialTokensInMessages = ParseSpecialTokensInMessages,
    };

    private ConversationTurn Turn(IReadOnlyList<ChatMessage> messages, GenerationOptions? options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ChatMessage[] turns = [.. messages];
        if (turns.Contains(null))
            throw new ArgumentException("A turn is null.", nameof(messages));
        options ??= new GenerationOptions();
        return new ConversationTurn { Options = options, Prompt = stop => PromptOf(turns, options, stop) };
    }
}
