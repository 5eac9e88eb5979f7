namespace LoraBridge.Finetuning.Runs;

/// <summary>What a training knows of its own course, beside the adapter and the optimizer.</summary>
internal sealed record RunState
{
    public required double FirstLoss { get; init; }

    /// <summary>The most tokens of the data that the first loss was taken over, and the final one is.</summary>
    public int LossTokens { get; init; } = int.MaxValue;

    /// <summary>Tokens trained on.</summary>
    public long TrainTokens { get; init; }

    /// <summary>The update after which the validation loss was last measured; -1 before that.</summary>
    public int EvaluatedStep { get; init; } = -1;

    /// <summary>The lowest validation loss, and the update after which it was measured; null before that.</summary>
    public double? BestLoss { get; init; }

    public int BestStep { get; init; }

    /// <summary>Measurements since the best.</summary>
    public int EvaluationsWithoutGain { get; init; }

    public RunState Evaluated(int step, double loss) => loss < (BestLoss ?? double.PositiveInfinity)
        ? this with { EvaluatedStep = step, BestLoss = loss, BestStep = step, EvaluationsWithoutGain = 0 }
        : this with { EvaluatedStep = step, EvaluationsWithoutGain = EvaluationsWithoutGain + 1 };
}
