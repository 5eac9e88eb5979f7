using System.Numerics.Tensors;
using LoraBridge.Adapters;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TextGeneration;
using LoraBridge.Training.Batching;

namespace LoraBridge.Evaluation;

/// <summary>
/// Mean cross entropy of token rows as llama.cpp computes it: 32-bit keys and values, attention step by step, sums in double. T tokens,
/// V vocabulary.
/// </summary>
internal sealed class TokenLossEvaluator : IDisposable
{
    /// <summary>The label of a token that is not counted.</summary>
    internal const int Ignored = TrainingSample.Ignored;

    private readonly InferenceContext _context;
    private readonly AdapterSet _adapters;

    /// <param name="core">The model.</param>
    /// <param name="adapters">Adapters that count, all of them applied to the model; their scales are taken now.</param>
    /// <param name="longestRow">Tokens of the longest row.</param>
    /// <param name="batchSize">Tokens computed at once; bounds the memory for logits.</param>
    /// <param name="plain">The same model, loaded plain, to compute with; null takes that for inference.</param>
    internal TokenLossEvaluator(
        ModelCore core, IEnumerable<LoraAdapter> adapters, int longestRow, int batchSize = 512, LlamaModelHandle? plain = null)
        : this(core, AdapterSet.Of(core.Adapters, adapters), longestRow, batchSize, plain)
    {
    }

    /// <inheritdoc cref="TokenLossEvaluator(ModelCore, IEnumerable{LoraAdapter}, int, int, LlamaModelHandle?)"/>
    internal TokenLossEvaluator(ModelCore core, AdapterSet adapters, int longestRow, int batchSize = 512, LlamaModelHandle? plain = null)
    {
        _context = new InferenceContext(core, new InferenceContextOptions { ContextLength = longestRow, BatchSize = batchSize, Exact = true, Model = plain });
        _context.SetAdapters(adapters.Lasting);
        _adapters = adapters;
    }

    /// <summary>The mean over all counted tokens of all rows.</summary>
    /// <param name="rows">Token ids with labels aligned to them; null labels count all tokens but the first, <see cref="Ignored"/> none.</param>
    /// <param name="cancellationToken">Stops within the computation.</param>
    /// <exception cref="ArgumentException">No token counts, or labels and tokens differ in number.</exception>
    internal TokenLoss Evaluate(IEnumerable<(int[] Tokens, int[]? Labels)> rows, CancellationToken cancellationToken)
    {
        var (sum, count) = (0.0, 0L);
        foreach (var (tokens, labels) in rows)
        {
            var row = EvaluateRow(tokens, labels, cancellationToken);
            sum += row.Sum;
            count += row.Count;
        }
        return count > 0 ? new TokenLoss(sum, count) : throw new ArgumentException("No token of the rows counts.", nameof(rows));
    }

    /// <summary>The loss of one row; nothing counts when it has no labels.</summary>
    internal TokenLoss EvaluateRow(int[] tokens, int[]? labels, CancellationToken cancellationToken)
    {
        if (labels is not null && labels.Length != tokens.Length)
            throw new ArgumentException($"A row has {tokens.Length} tokens and {labels.Length} labels, expected as many.", nameof(labels));
        var (sum, count) = (0.0, 0L);
        ForEachLogits(tokens, position => LabelAfter(position) != Ignored, (position, logits) =>
        {
            sum += CrossEntropy(logits, LabelAfter(position));
            count++;
        }, cancellationToken);
        return new TokenLoss(sum, count);

        int LabelAfter(int position) => position + 1 >= tokens.Length ? Ignored : labels is null ? tokens[position + 1] : labels[position + 1];
    }

    /// <summary>Logits [V] after each token of a row.</summary>
    internal float[][] Logits(int[] tokens, CancellationToken cancellationToken)
    {
        var all = new float[tokens.Length][];
        ForEachLogits(tokens, _ => true, (position, logits) => all[position] = logits.ToArray(), cancellationToken);
        return all;
    }

    public void Dispose() => _context.Dispose();

    /// <summary>-log softmax(logits)[label], in double.</summary>
    /// <exception cref="InvalidDataException">The logits are not numbers: the weights or an adapter are broken.</exception>
    internal static double CrossEntropy(ReadOnlySpan<float> logits, int label)
    {
        if ((uint)label >= (uint)logits.Length)
            throw new ArgumentOutOfRangeException(nameof(label), label, $"The vocabulary has {logits.Length} tokens.");
        double largest = TensorPrimitives.Max(logits);
        if (!double.IsFinite(largest) || float.IsNaN(logits[label]))
            throw TokenSampler.BrokenLogits();
        var sum = 0.0;
        foreach (var logit in logits)
            sum += Math.Exp(logit - largest);
        return largest + Math.Log(sum) - logits[label];
    }

    private void ForEachLogits(int[] tokens, Func<int, bool> wanted, LogitsReader read, CancellationToken cancellationToken)
    {
        _context.Truncate(0);
        var spans = AdapterSpans.Of(_adapters, tokens);
        for (int start = 0, end; start < tokens.Length; start = end)
        {
            end = Math.Min(Math.Min(tokens.Length, spans.EndOf(start)), start + _context.BatchSize);
            var first = start;
            if (!_context.TryActivate(spans.At(start)))
                throw new InvalidOperationException("An adapter was removed before it was used.");
            _context.Decode(tokens.AsSpan(start, end - start), start, index => wanted(first + index), cancellationToken);
            for (var position = start; position < end; position++)
            {
                if (wanted(position))
                    read(position, _context.Logits(position - start));
            }
        }
    }

    private delegate void LogitsReader(int position, ReadOnlySpan<float> logits);
}

/// <summary>A sum of cross entropies in nats, and how many tokens it is of.</summary>
internal readonly record struct TokenLoss(double Sum, long Count)
{
    /// <summary>Nats per token.</summary>
    internal double Mean => Sum / Count;

    internal double Perplexity => Math.Exp(Mean);
}
