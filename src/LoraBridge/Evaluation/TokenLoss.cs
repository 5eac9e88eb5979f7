namespace LoraBridge.Evaluation;

/// <summary>A sum of cross entropies in nats, and how many tokens it is of.</summary>
internal readonly record struct TokenLoss(double Sum, long Count)
{
    /// <summary>Nats per token.</summary>
    internal double Mean => Sum / Count;

    internal double Perplexity => Math.Exp(Mean);
}
