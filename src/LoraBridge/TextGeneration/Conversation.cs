using System.Runtime.CompilerServices;
using System.Threading.Channels;
using LoraBridge.Adapters;
using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>What all conversations have in common: how answers are generated, and with which adapters.</summary>
/// <remarks>
/// Calls on one conversation wait for each other; conversations on one model may run at the same time. Settings count from the next
/// answer on, adapters and their scales from the next token on: then the text so far is read again under the new weights.
/// </remarks>
public abstract class Conversation : IDisposable
{
    private readonly LM _model;
    private readonly ModelCore _core;
    private readonly LlamaSession _session;
    private readonly PromptBuilder _prompts;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _adaptersGate = new();
    private IReadOnlyList<LoraAdapter>? _ownAdapters;
    private IReadOnlyList<string> _stopSequences = [];
    private int _maximumCompletionTokens = 512;
    private bool _disposed;

    private protected Conversation(LM model, int contextLength)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegative(contextLength);
        _model = model;
        _core = model.Core;
        _prompts = new PromptBuilder(model.Vocabulary, ChatTemplates.For(model));
        _session = new LlamaSession(_core, new InferenceContextOptions { ContextLength = contextLength });
    }

    /// <summary>Instructions that precede everything; null or empty leaves them out.</summary>
    public string? SystemPrompt { get; set; }

    /// <summary>How tokens are chosen.</summary>
    public SamplingMode SamplingMode
    {
        get;
        set => field = value ?? throw new ArgumentNullException(nameof(value));
    } = SamplingMode.Default;

    /// <summary>The most tokens of an answer: 512 unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int MaximumCompletionTokens
    {
        get => _maximumCompletionTokens;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _maximumCompletionTokens = value;
        }
    }

    /// <summary>Texts that end an answer, and are not part of it.</summary>
    /// <exception cref="ArgumentException">A text is null or empty.</exception>
    public IReadOnlyList<string> StopSequences
    {
        get => _stopSequences;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            string[] sequences = [.. value];
            if (sequences.Any(string.IsNullOrEmpty))
                throw new ArgumentException("A stop sequence is not empty.", nameof(value));
            _stopSequences = sequences;
        }
    }

    /// <summary>Tokens that the conversation can hold, with the answer.</summary>
    public int ContextLength => _session.Length;

    /// <summary>The adapters that count here: the conversation's own, or those of the model.</summary>
    public IReadOnlyList<LoraAdapter> Adapters
    {
        get
        {
            lock (_adaptersGate)
                return _ownAdapters ?? _model.CurrentAdapters;
        }
    }

    /// <summary>Gives the conversation adapters of its own, which replace those of the model here; none at all is a choice, too.</summary>
    /// <param name="adapters">The adapters; null goes back to those of the model.</param>
    /// <exception cref="FileNotFoundException">An adapter's file is gone.</exception>
    /// <exception cref="InvalidDataException">An adapter's file is no longer valid.</exception>
    /// <exception cref="AdapterMismatchException">An adapter was made for another model. Nothing changes.</exception>
    /// <exception cref="ObjectDisposedException">The conversation was disposed.</exception>
    public void SetAdapters(IEnumerable<LoraAdapter>? adapters)
    {
        LoraAdapter[]? wanted = adapters is null ? null : [.. adapters.Distinct()];
        lock (_adaptersGate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            AcquireAll(wanted ?? []);
            var previous = _ownAdapters ?? [];
            _ownAdapters = wanted;
            foreach (var adapter in previous)
                _core.Adapters.Release(adapter);
        }
    }

    /// <summary>Ends the conversation and frees its memory; waits for an answer that is being generated.</summary>
    public void Dispose()
    {
        _turn.Wait();
        try
        {
            lock (_adaptersGate)
            {
                if (_disposed)
                    return;
                _disposed = true;
                foreach (var adapter in _ownAdapters ?? [])
                    _core.Adapters.Release(adapter);
                _ownAdapters = null;
            }
            _session.Dispose();
        }
        finally
        {
            _turn.Release();
        }
        GC.SuppressFinalize(this);
    }

    /// <summary>Runs one call at a time.</summary>
    private protected T Serialized<T>(Func<T> call, CancellationToken cancellationToken)
    {
        _turn.Wait(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return call();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Answers a conversation, whose system prompt is put in front unless it has one.</summary>
    private protected TextGenerationResult Answer(
        IReadOnlyList<ChatMessage> messages, string? tools, Action<string>? onText, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrEmpty(SystemPrompt) && (messages.Count == 0 || messages[0].Role != ChatRole.System))
            messages = [new ChatMessage(ChatRole.System, SystemPrompt), .. messages];
        var reserved = Math.Min(MaximumCompletionTokens, _session.Length / 4);
        var prompt = _prompts.Conversation(messages, tools, _session.Length - reserved, _session.Length - 1, out var omitted);
        return Generate(prompt, omitted, onText, cancellationToken);
    }

    /// <summary>Continues a text that is not a conversation.</summary>
    private protected TextGenerationResult Continue(string text, Action<string>? onText, CancellationToken cancellationToken)
    {
        var prompt = _prompts.Plain(text);
        if (prompt.Length == 0 || prompt.Length >= _session.Length)
            throw new ArgumentException($"The text has {prompt.Length} tokens, expected 1 to {_session.Length - 1}.", nameof(text));
        return Generate(prompt, omitted: 0, onText, cancellationToken);
    }

    /// <summary>Runs a call that reports its text piece by piece on another thread, and passes the pieces on.</summary>
    private protected static async IAsyncEnumerable<string> Stream(
        Action<Action<string>, CancellationToken> call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pieces = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var worker = Task.Run(Work, CancellationToken.None);
        try
        {
            await foreach (var piece in pieces.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                yield return piece;
        }
        finally
        {
            // Whoever stops reading stops the answer.
            await cancellation.CancelAsync().ConfigureAwait(false);
            await worker.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        void Work()
        {
            try
            {
                call(piece => pieces.Writer.TryWrite(piece), cancellation.Token);
                pieces.Writer.Complete();
            }
            catch (Exception failure)
            {
                pieces.Writer.Complete(failure);
            }
        }
    }

    private TextGenerationResult Generate(int[] prompt, int omitted, Action<string>? onText, CancellationToken cancellationToken)
    {
        var request = new GenerationRequest(
            prompt, () => AdapterSet.Snapshot(Adapters), SamplingMode, MaximumCompletionTokens, StopSequences, omitted);
        return TextGenerator.Generate(_session, _model.Vocabulary, request, onText, cancellationToken);
    }

    private void AcquireAll(LoraAdapter[] adapters)
    {
        for (var i = 0; i < adapters.Length; i++)
        {
            try
            {
                _core.Adapters.Acquire(adapters[i]);
            }
            catch
            {
                foreach (var acquired in adapters[..i])
                    _core.Adapters.Release(acquired);
                throw;
            }
        }
    }
}
