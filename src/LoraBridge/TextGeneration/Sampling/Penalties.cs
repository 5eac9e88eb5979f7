namespace LoraBridge.TextGeneration.Sampling;

/// <summary>
/// Makes tokens that came up lately less likely: with count c of a token within the window, its logit l becomes (l > 0 ? l / r : l r) - c f - p.
/// Paper of the first: <see href="https://arxiv.org/abs/1909.05858"/>.
/// </summary>
/// <remarks>Written here and not taken from llama.cpp, whose function for it has other arguments in each of its supported builds.</remarks>
internal sealed class Penalties(float repetition, float frequency, float presence, int window)
{
    private readonly Queue<int> _recent = new();
    private readonly Dictionary<int, int> _counts = [];

    internal void Accept(int token)
    {
        if (window == 0)
            return;
        _recent.Enqueue(token);
        _counts[token] = _counts.GetValueOrDefault(token) + 1;
        if (window < 0 || _recent.Count <= window)
            return;
        var oldest = _recent.Dequeue();
        if (--_counts[oldest] == 0)
            _counts.Remove(oldest);
    }

    internal void Apply(Span<float> logits)
    {
        foreach (var (token, count) in _counts)
        {
            ref var logit = ref logits[token];
            logit = logit > 0 ? logit / repetition : logit * repetition;
            logit -= count * frequency + presence;
        }
    }
}
