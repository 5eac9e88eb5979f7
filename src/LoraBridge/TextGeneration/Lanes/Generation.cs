using System.Diagnostics;
using LoraBridge.Adapters;
using LoraBridge.Model;

namespace LoraBridge.TextGeneration.Lanes;

/// <summary>
/// One answer while it is generated. Whoever computes it brings the logits after <see cref="Window"/>, again and again, until something
/// ends it. Used by one thread at a time.
/// </summary>
internal sealed class Generation
{
    private readonly GenerationRequest _request;
    private readonly Vocabulary _vocabulary;
    private readonly Action<GenerationUpdate> _emit;
    private readonly IReadOnlyDictionary<int, byte[]> _marks;
    private readonly TokenSampler _sampler;
    private readonly AnswerText _text;
    private readonly List<int> _answer = [];
    private readonly TaskCompletionSource<TextGenerationResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _created = Stopwatch.GetTimestamp();
    private Action? _publish;
    private long _started;
    private readonly List<(int Start, int Count)> _removed = [];
    private int _read;
    private int _reasoned;

    /// <param name="client">Whose answer it is.</param>
    /// <param name="vocabulary">Of the model.</param>
    /// <param name="request">What to do.</param>
    /// <param name="onUpdate">Receives the answer piece by piece, on the thread that computes it; the result is not among them.</param>
    /// <param name="stop">Ends it.</param>
    internal Generation(
        InferenceClient client, Vocabulary vocabulary, GenerationRequest request, Action<GenerationUpdate>? onUpdate, CancellationToken stop)
    {
        (Client, _vocabulary, _request, Stop) = (client, vocabulary, request, stop);
        _emit = onUpdate ?? (_ => { });
        _text = new AnswerText(request.StopSequences);
        _marks = MarkTokens.Find(vocabulary, request.Parser.Marks);
        _sampler = new TokenSampler(request.Sampling, vocabulary, _marks);
        _sampler.Begin(request.Prompt);
        Window = [.. request.Prompt];
    }

    internal InferenceClient Client { get; }

    internal CancellationToken Stop { get; }

    /// <summary>The tokens that the next one depends on.</summary>
    internal List<int> Window { get; }

    /// <summary>Whether tokens may be moved up in the cache.</summary>
    internal bool Shifts => _request.Shifts;

    /// <summary>Ends when the answer does.</summary>
    internal Task<TextGenerationResult> Completion => _completion.Task;

    /// <summary>The adapters that count now.</summary>
    internal AdapterSet Adapters() => _request.Adapters();

    /// <summary>The adapters that counted when it got its place.</summary>
    internal AdapterSet Placed { get; private set; } = AdapterSet.Empty;

    /// <summary>Which of <see cref="Placed"/> act on which tokens of <see cref="Window"/>.</summary>
    internal AdapterSpans Spans { get; private set; } = AdapterSpans.Of(AdapterSet.Empty, []);

    /// <summary>Told which adapters count from here on.</summary>
    internal void Place(AdapterSet adapters)
    {
        Placed = adapters;
        // Only the prompt activates adapters; what was taken out of the window since moves the places where it does.
        Spans = _removed.Aggregate(AdapterSpans.Of(adapters, _request.Prompt), (spans, removed) => spans.Without(removed.Start, removed.Count));
    }

    /// <summary>Told how many tokens were computed.</summary>
    internal void Read(int count)
    {
        if (_started == 0)
            _read += count;
    }

    /// <summary>Chooses the next token.</summary>
    /// <param name="logits">Logits [vocabulary] after the last token of <see cref="Window"/>.</param>
    /// <param name="canShift">Whether the model can move tokens up in the cache.</param>
    /// <returns>True when that ends the answer: then <see cref="Publish"/> it.</returns>
    internal bool Advance(ReadOnlySpan<float> logits, bool canShift)
    {
        if (_started == 0)
        {
            _started = Stopwatch.GetTimestamp();
            if (_request.MaximumTokens == 0)
                return End(StopReason.MaximumTokens);
        }
        var token = _sampler.Choose(logits);
        if (_vocabulary.IsEndOfGeneration(token))
            return End(StopReason.EndOfTurn);
        _answer.Add(token);
        Window.Add(token);
        _sampler.Accept(token);
        _reasoned += _request.Parser.IsReasoning ? 1 : 0;
        _request.Parser.Append(_text.Append(PieceOf(token)), _emit);
        if (_text.IsStopped)
            return End(StopReason.StopSequence);
        if (_sampler.IsFinished)
            return End(StopReason.EndOfTurn);
        if (_answer.Count >= _request.MaximumTokens)
            return End(StopReason.MaximumTokens);
        return Window.Count >= Client.Length && !(canShift && MakeRoom()) && End(StopReason.ContextFull);
    }

    /// <summary>Ends the answer because it was cancelled; <see cref="Publish"/> it.</summary>
    internal void Cancel()
    {
        if (_answer.Count == 0 || !_request.KeepsCancelled)
        {
            Fail(new OperationCanceledException("The answer was cancelled.", Stop));
            return;
        }
        try
        {
            End(StopReason.Cancelled);
        }
        catch (Exception failure)
        {
            // What ends in the middle may be beyond the parser.
            Fail(failure);
        }
    }

    /// <summary>Ends the answer because of a failure; <see cref="Publish"/> it.</summary>
    internal void Fail(Exception failure)
    {
        _sampler.Dispose();
        _publish = () => _completion.TrySetException(failure);
    }

    /// <summary>Tells those who wait that the answer has ended.</summary>
    internal void Publish() => _publish?.Invoke();

    private bool End(StopReason reason)
    {
        var ended = Stopwatch.GetTimestamp();
        _sampler.Dispose();
        _request.Parser.Append(_text.Complete(), _emit);
        _request.Parser.Complete(_emit);
        var result = new TextGenerationResult
        {
            Text = _request.Parser.Text,
            Reasoning = _request.Parser.Reasoning,
            ToolCalls = _request.Parser.ToolCalls,
            Tokens = _answer,
            ReasoningTokenCount = _reasoned,
            StopReason = reason,
            PromptTokenCount = _request.Prompt.Length,
            ReadTokenCount = _read,
            OmittedMessageCount = _request.OmittedMessages,
            PromptTokensPerSecond = Rate(_read, Stopwatch.GetElapsedTime(_created, _started)),
            TokensPerSecond = Rate(_answer.Count, Stopwatch.GetElapsedTime(_started, ended)),
        };
        _publish = () => _completion.TrySetResult(result);
        return true;
    }

    /// <summary>The bytes of a token: nothing for control tokens, but for those that the parser reads.</summary>
    private byte[] PieceOf(int token) => _marks.TryGetValue(token, out var mark) ? mark : _vocabulary.Piece(token);

    /// <summary>Leaves out the older half of what may go.</summary>
    private bool MakeRoom()
    {
        var count = (Window.Count - _request.KeptTokens) / 2;
        if (!Shifts || count < 1)
            return false;
        Window.RemoveRange(_request.KeptTokens, count);
        _removed.Add((_request.KeptTokens, count));
        Spans = Spans.Without(_request.KeptTokens, count);
        return true;
    }

    private static double Rate(int count, TimeSpan time) => count > 0 && time > TimeSpan.Zero ? count / time.TotalSeconds : 0;
}
