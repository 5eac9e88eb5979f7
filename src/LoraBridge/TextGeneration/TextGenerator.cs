using System.Diagnostics;
using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>The generation loop: read, choose, append, until something ends it.</summary>
internal static class TextGenerator
{
    /// <param name="session">Where it is computed.</param>
    /// <param name="vocabulary">Of the session's model.</param>
    /// <param name="request">What to do.</param>
    /// <param name="onText">Receives the answer piece by piece.</param>
    /// <param name="cancellationToken">Stops it, also within the reading of the prompt.</param>
    internal static TextGenerationResult Generate(
        LlamaSession session, Vocabulary vocabulary, GenerationRequest request, Action<string>? onText, CancellationToken cancellationToken)
    {
        using var sampler = new TokenSampler(request.Sampling, vocabulary);
        sampler.Begin(request.Prompt);
        var tokens = new List<int>(request.Prompt);
        var answer = new AnswerText(request.StopSequences);
        var started = Stopwatch.GetTimestamp();
        var logits = session.Evaluate(tokens, request.Adapters(), cancellationToken, out var read);
        var reading = Stopwatch.GetElapsedTime(started);
        started = Stopwatch.GetTimestamp();

        StopReason? reason = request.MaximumTokens == 0 ? StopReason.MaximumTokens : null;
        while (reason is null)
        {
            var token = sampler.Choose(logits);
            if (vocabulary.IsEndOfGeneration(token))
            {
                reason = StopReason.EndOfTurn;
                break;
            }
            tokens.Add(token);
            sampler.Accept(token);
            Emit(answer.Append(vocabulary.Piece(token)));
            reason = answer.IsStopped ? StopReason.StopSequence
                : sampler.IsFinished ? StopReason.EndOfTurn
                : tokens.Count - request.Prompt.Length >= request.MaximumTokens ? StopReason.MaximumTokens
                : tokens.Count >= session.Length ? StopReason.ContextFull
                : null;
            if (reason is null)
                logits = session.Evaluate(tokens, request.Adapters(), cancellationToken, out _);
        }
        Emit(answer.Complete());
        var generating = Stopwatch.GetElapsedTime(started);

        return new TextGenerationResult
        {
            Text = answer.ToString(),
            Tokens = tokens[request.Prompt.Length..],
            StopReason = reason.Value,
            PromptTokenCount = request.Prompt.Length,
            ReadTokenCount = read,
            OmittedMessageCount = request.OmittedMessages,
            PromptTokensPerSecond = Rate(read, reading),
            TokensPerSecond = Rate(tokens.Count - request.Prompt.Length, generating),
        };

        void Emit(string text)
        {
            if (text.Length > 0)
                onText?.Invoke(text);
        }
    }

    private static double Rate(int count, TimeSpan time) => count > 0 && time > TimeSpan.Zero ? count / time.TotalSeconds : 0;
}
