using System.Runtime.CompilerServices;
using System.Threading.Channels;
using LoraBridge.Adapters;
using LoraBridge.TextGeneration.Lanes;

namespace LoraBridge.TextGeneration;

/// <content>One call after the other. None of this needs the caller's thread, nor holds one of the pool's while it waits.</content>
public abstract partial class Conversation
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _stateGate = new();
    private CancellationTokenSource _cancellation = new();
    private bool _disposed;

    /// <summary>A conversation that was forgotten leaves its place to others.</summary>
    ~Conversation()
    {
        if (_client is null)
            return;
        ReleaseAdapters();
        _host.Close(_client);
    }

    /// <summary>Ends the conversation and frees its memory; an answer that is being generated is cancelled.</summary>
    public void Dispose()
    {
        lock (_stateGate)
        {
            if (_disposed)
                return;
            _disposed = true;
        }
        CancelAnswer();
        _turn.Wait();
        try
        {
            ReleaseAdapters();
            _host.Close(_client);
        }
        finally
        {
            _turn.Release();
        }
        GC.SuppressFinalize(this);
    }

    /// <summary>Cancels the answer that is being generated, if one is.</summary>
    private protected void CancelAnswer()
    {
        CancellationTokenSource current;
        lock (_stateGate)
        {
            current = _cancellation;
            _cancellation = new CancellationTokenSource();
        }
        current.Cancel();
    }

    /// <summary>Does something between calls.</summary>
    private protected void BetweenTurns(Action action)
    {
        _turn.Wait();
        try
        {
            ThrowIfDisposed();
            action();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Takes a turn on the caller's thread.</summary>
    private protected TextGenerationResult Run(ConversationTurn turn, CancellationToken cancellationToken)
    {
        _turn.Wait(cancellationToken);
        try
        {
            using var call = Begin(turn, onUpdate: null, cancellationToken);
            var result = call.Answer.GetAwaiter().GetResult();
            turn.Remember(result);
            return result;
        }
        catch (OperationCanceledException)
        {
            ThrowIfDisposed();
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Takes a turn on other threads, from the rendering of the prompt on.</summary>
    private protected Task<TextGenerationResult> RunAsync(ConversationTurn turn, CancellationToken cancellationToken) =>
        Task.Run(() => RunAsync(turn, onUpdate: null, cancellationToken), cancellationToken);

    /// <summary>Takes a turn on other threads, and passes the pieces of the answer on.</summary>
    private protected async IAsyncEnumerable<GenerationUpdate> Stream(
        ConversationTurn turn, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var updates = Channel.CreateUnbounded<GenerationUpdate>(new UnboundedChannelOptions { SingleReader = true });
        var work = Task.Run(WorkAsync, CancellationToken.None);
        try
        {
            await foreach (var update in updates.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                yield return update;
        }
        finally
        {
            // Whoever stops reading stops the answer.
            await cancellation.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(false);
        }

        async Task WorkAsync()
        {
            try
            {
                var result = await RunAsync(turn, update => updates.Writer.TryWrite(update), cancellation.Token).ConfigureAwait(false);
                updates.Writer.TryWrite(new ResultUpdate(result));
                updates.Writer.Complete();
            }
            catch (Exception failure)
            {
                updates.Writer.Complete(failure);
            }
        }
    }

    private async Task<TextGenerationResult> RunAsync(
        ConversationTurn turn, Action<GenerationUpdate>? onUpdate, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using var call = Begin(turn, onUpdate, cancellationToken);
            var result = await call.Answer.ConfigureAwait(false);
            turn.Remember(result);
            return result;
        }
        catch (OperationCanceledException)
        {
            ThrowIfDisposed();
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    private Call Begin(ConversationTurn turn, Action<GenerationUpdate>? onUpdate, CancellationToken cancellationToken)
    {
        CancellationTokenSource own;
        lock (_stateGate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            own = _cancellation;
        }
        var call = new Call(CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, own.Token));
        try
        {
            var stop = call.Cancellation.Token;
            var prompt = turn.Prompt(stop);
            stop.ThrowIfCancellationRequested();
            call.Adapters = turn.Options.Adapters is { } adapters ? Acquire(adapters) : null;
            call.Answer = _host.Run(new Generation(_client, _model.Vocabulary, Request(turn.Options, prompt, call.Adapters), onUpdate, stop));
            return call;
        }
        catch
        {
            call.Dispose();
            throw;
        }
    }

    private GenerationRequest Request(GenerationOptions options, Prompt prompt, AdapterUses? adapters)
    {
        var plan = Plan(options, prompt);
        return new GenerationRequest
        {
            Prompt = prompt.Tokens,
            KeptTokens = prompt.KeptTokens,
            OmittedMessages = prompt.OmittedMessages,
            Adapters = adapters is null ? CurrentAdapters : adapters.Snapshot,
            Sampling = plan.Sampling,
            MaximumTokens = options.MaximumCompletionTokens ?? MaximumCompletionTokens,
            StopSequences = options.StopSequences ?? StopSequences,
            Shifts = (options.ContextPolicy ?? ContextPolicy) == ContextPolicy.Shift,
            KeepsCancelled = options.KeepCancelledAnswers ?? KeepCancelledAnswers,
            Parser = plan.Parser,
        };
    }

    private AnswerPlan Plan(GenerationOptions options, Prompt prompt)
    {
        var sampling = options.SamplingMode ?? SamplingMode;
        if (prompt.IsText)
            return new AnswerPlan(new PlainAnswerParser(), sampling);
        // Only the end of the prompt tells how the answer starts.
        const int Enough = 64;
        var end = _model.Vocabulary.Detokenize(prompt.Tokens.AsSpan()[Math.Max(0, prompt.Tokens.Length - Enough)..], removeSpecial: false, renderSpecial: true);
        return AnswerPlan.For(Prompts().AnswerFormat, options, sampling, end, prompt.Tokens.Length);
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);

    /// <summary>What an answer needs while it is generated.</summary>
    private sealed class Call(CancellationTokenSource cancellation) : IDisposable
    {
        internal CancellationTokenSource Cancellation { get; } = cancellation;

        internal AdapterUses? Adapters { get; set; }

        internal Task<TextGenerationResult> Answer { get; set; } = null!;

        public void Dispose()
        {
            Adapters?.Clear();
            Cancellation.Dispose();
        }
    }
}
