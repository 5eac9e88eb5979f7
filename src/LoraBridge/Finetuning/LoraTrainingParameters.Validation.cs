using System.Runtime.CompilerServices;
using static System.FormattableString;

namespace LoraBridge.Finetuning;

/// <content>Which values are sensible.</content>
public sealed partial record LoraTrainingParameters
{
    private const int LargestRank = 4096;
    private const int LargestContext = 1 << 20;

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range; the message says which range that is.</exception>
    /// <exception cref="ArgumentException">A pattern or path is blank.</exception>
    public void Validate()
    {
        ArgumentNullException.ThrowIfNull(TargetModules);
        Between(Rank, 1, LargestRank);
        AtLeast(Alpha, float.Epsilon);
        foreach (var (pattern, rank) in RankPattern.IsDefault ? [] : RankPattern)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(pattern, nameof(RankPattern));
            Between(rank, 1, LargestRank, nameof(RankPattern));
        }
        foreach (var (pattern, alpha) in AlphaPattern.IsDefault ? [] : AlphaPattern)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(pattern, nameof(AlphaPattern));
            AtLeast(alpha, float.Epsilon, nameof(AlphaPattern));
        }
        Between(Epochs, 1, int.MaxValue);
        Between(MaxSteps ?? 1, 1, int.MaxValue, nameof(MaxSteps));
        AtLeast(LearningRate, float.Epsilon);
        Between((int)Schedule, 0, (int)LearningRateScheduleKind.Cosine, nameof(Schedule));
        Fraction(WarmupRatio);
        Fraction(LearningRateFloor);
        AtLeast(LoraPlusRatio, float.Epsilon);
        Fraction(Dropout);
        AtLeast(NeftuneAlpha, 0);
        Fraction(Beta1);
        Fraction(Beta2);
        AtLeast(Epsilon, float.Epsilon);
        AtLeast(WeightDecay, 0);
        AtLeast(MaxGradientNorm, 0);
        Between(BatchSize, 1, 1 << 20);
        Between(GradientAccumulation, 1, 1 << 10);
        Between(ContextLength, 2, LargestContext);
        Between(ContextUsed ?? 1, 1, int.MaxValue, nameof(ContextUsed));
        Between((int)Initialization, 0, (int)LoraInitialization.Peft, nameof(Initialization));
        Between((int)OverlongSamples, 0, (int)OverlongSamplePolicy.Skip, nameof(OverlongSamples));
        Fraction(ValidationSplit);
        Between(EvaluationInterval, 0, int.MaxValue);
        Between(EarlyStoppingPatience, 0, int.MaxValue);
        Between(LossSampleTokens ?? 1, 1, int.MaxValue, nameof(LossSampleTokens));
        Between((int)Precision, 0, (int)TrainingPrecision.Fast, nameof(Precision));
        Between((int)Recompute, 0, (int)AutoSwitch.Never, nameof(Recompute));
        Between((int)CacheTransposed, 0, (int)AutoSwitch.Never, nameof(CacheTransposed));
        Between(CheckpointInterval, 0, int.MaxValue);
        Between(KeepCheckpoints, 1, int.MaxValue);
        if (CheckpointDirectory is not null)
            ArgumentException.ThrowIfNullOrWhiteSpace(CheckpointDirectory, nameof(CheckpointDirectory));
        if (InitialAdapter is not null)
            ArgumentException.ThrowIfNullOrWhiteSpace(InitialAdapter, nameof(InitialAdapter));
    }

    private static void Between(int value, int lowest, int highest, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value < lowest || value > highest)
            throw new ArgumentOutOfRangeException(name, value, highest == int.MaxValue
                ? Invariant($"{name} is {value}, expected at least {lowest}.")
                : Invariant($"{name} is {value}, expected {lowest} to {highest}."));
    }

    private static void AtLeast(float value, float lowest, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!float.IsFinite(value) || value < lowest)
            throw new ArgumentOutOfRangeException(name, value, lowest == 0
                ? Invariant($"{name} is {value}, expected a finite number that is not negative.")
                : Invariant($"{name} is {value}, expected a finite number above 0."));
    }

    private static void Fraction(float value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value >= 0 && value < 1))
            throw new ArgumentOutOfRangeException(name, value, Invariant($"{name} is {value}, expected at least 0 and less than 1."));
    }
}
