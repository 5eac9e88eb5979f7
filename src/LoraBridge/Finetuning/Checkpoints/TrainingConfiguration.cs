using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LoraBridge.Finetuning.Checkpoints;

/// <summary>The parameters of a training as text. Folders of checkpoints are none of it.</summary>
internal static class TrainingConfiguration
{
    /// <summary>
    /// Parameters that change no number that has been trained on: how long training goes on, how memory is spent without an effect on the bits, what is
    /// measured and what is saved. (With a schedule that falls, and during warm-up, rates follow the new length from there on.)
    /// </summary>
    private static readonly HashSet<string> Changeable =
    [
        nameof(LoraTrainingParameters.Epochs), nameof(LoraTrainingParameters.MaxSteps), nameof(LoraTrainingParameters.EvaluationInterval),
        nameof(LoraTrainingParameters.EarlyStoppingPatience), nameof(LoraTrainingParameters.LossSampleTokens), nameof(LoraTrainingParameters.Recompute),
        nameof(LoraTrainingParameters.CheckpointInterval), nameof(LoraTrainingParameters.KeepCheckpoints),
    ];

    /// <summary>Whether a training can go on with another value of a parameter.</summary>
    public static bool MayChange(string parameter) => Changeable.Contains(parameter);

    /// <param name="parameters">The parameters.</param>
    /// <param name="cachesTransposed">What <see cref="LoraTrainingParameters.CacheTransposed"/> comes to on this machine.</param>
    public static SortedDictionary<string, string> Of(LoraTrainingParameters parameters, bool cachesTransposed) => new(StringComparer.Ordinal)
    {
        [nameof(parameters.Rank)] = Text(parameters.Rank),
        [nameof(parameters.Alpha)] = Text(parameters.Alpha),
        [nameof(parameters.TargetModules)] = parameters.TargetModules.ToString(),
        [nameof(parameters.Layers)] = parameters.Layers?.ToString() ?? "all",
        [nameof(parameters.RankPattern)] =
            string.Join(", ", (parameters.RankPattern.IsDefault ? [] : parameters.RankPattern).Select(entry => $"{entry.Pattern}={entry.Rank}")),
        [nameof(parameters.AlphaPattern)] =
            string.Join(", ", (parameters.AlphaPattern.IsDefault ? [] : parameters.AlphaPattern).Select(entry => $"{entry.Pattern}={Text(entry.Alpha)}")),
        [nameof(parameters.UseRsLora)] = parameters.UseRsLora.ToString(),
        [nameof(parameters.InitialAdapter)] = parameters.InitialAdapter is { } path ? Fingerprint.OfFile(path) : "none",
        [nameof(parameters.Initialization)] = parameters.Initialization.ToString(),
        [nameof(parameters.Epochs)] = Text(parameters.Epochs),
        [nameof(parameters.MaxSteps)] = parameters.MaxSteps is { } steps ? Text(steps) : "unset",
        [nameof(parameters.LearningRate)] = Text(parameters.LearningRate),
        [nameof(parameters.Schedule)] = parameters.Schedule.ToString(),
        [nameof(parameters.WarmupRatio)] = Text(parameters.WarmupRatio),
        [nameof(parameters.LearningRateFloor)] = Text(parameters.LearningRateFloor),
        [nameof(parameters.LoraPlusRatio)] = Text(parameters.LoraPlusRatio),
        [nameof(parameters.Dropout)] = Text(parameters.Dropout),
        [nameof(parameters.NeftuneAlpha)] = Text(parameters.NeftuneAlpha),
        [nameof(parameters.Beta1)] = Text(parameters.Beta1),
        [nameof(parameters.Beta2)] = Text(parameters.Beta2),
        [nameof(parameters.Epsilon)] = Text(parameters.Epsilon),
        [nameof(parameters.WeightDecay)] = Text(parameters.WeightDecay),
        [nameof(parameters.MaxGradientNorm)] = Text(parameters.MaxGradientNorm),
        [nameof(parameters.BatchSize)] = Text(parameters.BatchSize),
        [nameof(parameters.GradientAccumulation)] = Text(parameters.GradientAccumulation),
        [nameof(parameters.ContextLength)] = Text(parameters.ContextLength),
        [nameof(parameters.ContextUsed)] = parameters.ContextUsed is { } context ? Text(context) : "unset",
        [nameof(parameters.OverlongSamples)] = parameters.OverlongSamples.ToString(),
        [nameof(parameters.SequencePacking)] = parameters.SequencePacking.ToString(),
        [nameof(parameters.AssistantLossOnly)] = parameters.AssistantLossOnly.ToString(),
        [nameof(parameters.ChatTemplate)] = parameters.ChatTemplate is { } template
            ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(template)))
            : "none",
        [nameof(parameters.ParseSpecialTokensInText)] = parameters.ParseSpecialTokensInText.ToString(),
        [nameof(parameters.ParseSpecialTokensInMessages)] = parameters.ParseSpecialTokensInMessages.ToString(),
        [nameof(parameters.ValidationSplit)] = Text(parameters.ValidationSplit),
        [nameof(parameters.EvaluationInterval)] = Text(parameters.EvaluationInterval),
        [nameof(parameters.EarlyStoppingPatience)] = Text(parameters.EarlyStoppingPatience),
        [nameof(parameters.LossSampleTokens)] = parameters.LossSampleTokens is { } tokens ? Text(tokens) : "unset",
        [nameof(parameters.CacheTransposed)] = (cachesTransposed ? AutoSwitch.Always : AutoSwitch.Never).ToString(),
        [nameof(parameters.Precision)] = parameters.Precision.ToString(),
        [nameof(parameters.Recompute)] = parameters.Recompute.ToString(),
        [nameof(parameters.CheckpointInterval)] = Text(parameters.CheckpointInterval),
        [nameof(parameters.KeepCheckpoints)] = Text(parameters.KeepCheckpoints),
        [nameof(parameters.Seed)] = Text(parameters.Seed),
    };

    public static SortedDictionary<string, string> Of(PretrainingParameters parameters) => new(StringComparer.Ordinal)
    {
        [nameof(parameters.ContextLength)] = Text(parameters.ContextLength),
        [nameof(parameters.RowsPerStep)] = Text(parameters.RowsPerStep),
        [nameof(parameters.LearningRate)] = Text(parameters.LearningRate),
        [nameof(parameters.WarmupSteps)] = Text(parameters.WarmupSteps),
        [nameof(parameters.FinalRateRatio)] = Text(parameters.FinalRateRatio),
        [nameof(parameters.Beta1)] = Text(parameters.Beta1),
        [nameof(parameters.Beta2)] = Text(parameters.Beta2),
        [nameof(parameters.WeightDecay)] = Text(parameters.WeightDecay),
        [nameof(parameters.MaxGradientNorm)] = Text(parameters.MaxGradientNorm),
        [nameof(parameters.Precision)] = parameters.Precision.ToString(),
    };

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
