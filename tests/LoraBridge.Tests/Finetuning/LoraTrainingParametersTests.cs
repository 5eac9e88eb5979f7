using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Training;

namespace LoraBridge.Tests.Finetuning;

public sealed class LoraTrainingParametersTests
{
    private static readonly LoraTrainingParameters Defaults = new();

    public static TheoryData<LoraTrainingParameters, string> Bad { get; } = new()
    {
        { Defaults with { Rank = 0 }, "Rank" },
        { Defaults with { Alpha = 0 }, "Alpha" },
        { Defaults with { Alpha = float.NaN }, "Alpha" },
        { Defaults with { RankPattern = [new LoraRank("ffn_*", 0)] }, "RankPattern" },
        { Defaults with { AlphaPattern = [new LoraAlpha("ffn_*", 0)] }, "AlphaPattern" },
        { Defaults with { Dropout = 1 }, "Dropout" },
        { Defaults with { NeftuneAlpha = -1 }, "NeftuneAlpha" },
        { Defaults with { Epochs = 0 }, "Epochs" },
        { Defaults with { MaxSteps = 0 }, "MaxSteps" },
        { Defaults with { LearningRate = -1 }, "LearningRate" },
        { Defaults with { LearningRate = float.PositiveInfinity }, "LearningRate" },
        { Defaults with { Schedule = (LearningRateScheduleKind)9 }, "Schedule" },
        { Defaults with { WarmupRatio = 1 }, "WarmupRatio" },
        { Defaults with { LearningRateFloor = -0.1f }, "LearningRateFloor" },
        { Defaults with { LoraPlusRatio = 0 }, "LoraPlusRatio" },
        { Defaults with { Beta1 = 1 }, "Beta1" },
        { Defaults with { Beta2 = float.NaN }, "Beta2" },
        { Defaults with { Epsilon = 0 }, "Epsilon" },
        { Defaults with { WeightDecay = -1 }, "WeightDecay" },
        { Defaults with { MaxGradientNorm = -1 }, "MaxGradientNorm" },
        { Defaults with { BatchSize = 0 }, "BatchSize" },
        { Defaults with { GradientAccumulation = 0 }, "GradientAccumulation" },
        { Defaults with { ContextLength = 1 }, "ContextLength" },
        { Defaults with { ContextUsed = 0 }, "ContextUsed" },
        { Defaults with { Initialization = (LoraInitialization)2 }, "Initialization" },
        { Defaults with { OverlongSamples = (OverlongSamplePolicy)(-1) }, "OverlongSamples" },
        { Defaults with { ValidationSplit = 1 }, "ValidationSplit" },
        { Defaults with { EvaluationInterval = -1 }, "EvaluationInterval" },
        { Defaults with { EarlyStoppingPatience = -1 }, "EarlyStoppingPatience" },
        { Defaults with { LossSampleTokens = 0 }, "LossSampleTokens" },
        { Defaults with { CheckpointInterval = -1 }, "CheckpointInterval" },
        { Defaults with { Precision = (TrainingPrecision)3 }, "Precision" },
        { Defaults with { Recompute = (AutoSwitch)3 }, "Recompute" },
        { Defaults with { CacheTransposed = (AutoSwitch)(-1) }, "CacheTransposed" },
        { Defaults with { KeepCheckpoints = 0 }, "KeepCheckpoints" },
    };

    [Theory]
    [InlineData(2048, 1)]
    [InlineData(1 << 20, 256)]
    public void Matrices_beyond_what_can_be_held_are_refused_with_numbers(int outputs, int experts)
    {
        AdapterBlueprint Of(long rank) => new("llama", 1, [new AdapterTarget("blk.0.ffn_up_exps.weight", (int)rank, [1, rank, experts], [rank, outputs, experts])]);
        AdapterDesign.RequireSizes(Of(1));
        var fault = Assert.Throws<ArgumentException>(() => AdapterDesign.RequireSizes(Of(1 << 20)));
        Assert.Contains($"blk.0.ffn_up_exps.weight would have {(1L << 20) * outputs * experts:N0} values at rank 1048576, expected at most 536,870,911", fault.Message.Replace("\u00a0", ","), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Bad), DisableDiscoveryEnumeration = true)]
    public void Values_out_of_range_are_named(LoraTrainingParameters parameters, string name)
    {
        var fault = Assert.Throws<ArgumentOutOfRangeException>(parameters.Validate);
        Assert.Equal(name, fault.ParamName);
        Assert.Contains("expected", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Blank_paths_and_patterns_are_refused()
    {
        Assert.Throws<ArgumentException>((Defaults with { RankPattern = [new LoraRank(" ", 4)] }).Validate);
        Assert.Throws<ArgumentException>((Defaults with { AlphaPattern = [new LoraAlpha("", 4)] }).Validate);
        Assert.Throws<ArgumentException>((Defaults with { CheckpointDirectory = " " }).Validate);
    }

    [Fact]
    public void Defaults_are_valid() => Defaults.Validate();
}
