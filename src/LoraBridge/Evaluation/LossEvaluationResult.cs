namespace LoraBridge.Finetuning;

/// <summary>How well a model predicts a data set.</summary>
/// <param name="Loss">Mean cross entropy of the counted tokens, in nats.</param>
/// <param name="Tokens">How many tokens count.</param>
/// <param name="Data">What became of the rows.</param>
/// <param name="Problems">The first rows that were left out, and why.</param>
public sealed record LossEvaluationResult(double Loss, long Tokens, DatasetStatistics Data, IReadOnlyList<DatasetProblem> Problems)
{
    /// <summary>exp(loss): among how many equally likely tokens the model chooses, so to speak.</summary>
    public double Perplexity => Math.Exp(Loss);
}
