namespace LoraBridge.Finetuning;

/// <summary>
/// What is kept of a row's intermediate results until the backward pass needs them, by stretches of the model's graph of about a layer each. It
/// decides memory and time; the gradients are the same, bit for bit.
/// </summary>
/// <param name="Kept">Stretches that keep everything.</param>
/// <param name="CostlyKept">Stretches that keep the results of products and of attention, and compute what lies between once more.</param>
/// <param name="Recomputed">Stretches that keep nothing: they are computed once more, as a whole.</param>
/// <param name="Frozen">Stretches below the first adapted weight, through which no gradient passes: they need nothing.</param>
public sealed record LayerPlan(int Kept, int CostlyKept, int Recomputed, int Frozen)
{
    /// <summary>The plan in words.</summary>
    public override string ToString()
    {
        (int Count, string What)[] parts = [(Kept, "kept"), (CostlyKept, "kept where costly"), (Recomputed, "computed again"), (Frozen, "frozen")];
        return string.Join(", ", parts.Where(part => part.Count > 0).Select(part => FormattableString.Invariant($"{part.Count} {part.What}")));
    }
}
