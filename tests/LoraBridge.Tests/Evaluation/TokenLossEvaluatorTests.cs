using LoraBridge.Evaluation;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration;

public sealed class TokenLossEvaluatorTests
{
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 40).Select(i => (i * 53 + 7) % 256)];

    [Fact]
    public void The_loss_is_the_mean_negative_log_likelihood_of_the_counted_tokens()
    {
        using var model = TinyModels.Load(TinyArchitecture.Qwen3);
        using var evaluator = new TokenLossEvaluator(model.Core, [], Tokens.Length, batchSize: 16);
        var logits = evaluator.Logits(Tokens, default);
        int[] labels = [.. Tokens.Select((token, i) => i % 3 == 0 ? TokenLossEvaluator.Ignored : token)];

        var loss = evaluator.Evaluate([(Tokens, labels), (Tokens, null)], default);
        var expected = Enumerable.Range(1, Tokens.Length - 1).Select(i => (Index: i, Loss: Naive(logits[i - 1], Tokens[i]))).ToList();
        var counted = expected.Concat(expected.Where(entry => entry.Index % 3 != 0)).ToList();
        Assert.Equal(counted.Count, loss.Count);
        Assert.Equal(counted.Average(entry => entry.Loss), loss.Mean, 1e-6);
    }

    [Fact]
    public void Batches_do_not_change_the_logits()
    {
        using var model = TinyModels.Load(TinyArchitecture.Gemma3);
        using var whole = new TokenLossEvaluator(model.Core, [], Tokens.Length);
        using var parts = new TokenLossEvaluator(model.Core, [], Tokens.Length, batchSize: 7);
        var (one, two) = (whole.EvaluateRow(Tokens, null, default), parts.EvaluateRow(Tokens, null, default));
        Assert.Equal(one.Mean, two.Mean, 1e-5);
        Assert.Equal(whole.EvaluateRow(Tokens, null, default), one);
    }

    [Fact]
    public void Rows_that_cannot_be_evaluated_are_refused()
    {
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        using var evaluator = new TokenLossEvaluator(model.Core, [], 4);
        Assert.Throws<ArgumentException>(() => evaluator.Evaluate([([1], null)], default));
        Assert.Throws<ArgumentException>(() => evaluator.EvaluateRow([1, 2], [1], default));
        Assert.Throws<ArgumentOutOfRangeException>(() => evaluator.EvaluateRow([1, 2, 3, 4, 5], null, default));
        Assert.Throws<ArgumentOutOfRangeException>(() => evaluator.EvaluateRow([1, TinyVocabulary.Size], null, default));
        Assert.ThrowsAny<OperationCanceledException>(() => evaluator.EvaluateRow([1, 2], null, new CancellationToken(true)));
    }

    private static double Naive(float[] logits, int label) => Math.Log(logits.Sum(logit => Math.Exp(logit))) - logits[label];
}
