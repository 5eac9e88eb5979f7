using System.Globalization;
using LoraBridge.Cli.Output;

namespace LoraBridge.Cli.Progress;

/// <summary>Words for progress.</summary>
internal static class ProgressText
{
    internal static string Of(ProgressEvent progress) => string.Join("  ", Parts(progress));

    private static IEnumerable<string> Parts(ProgressEvent progress)
    {
        yield return progress.Step is { } step ? $"step {step}{(progress.Steps is { } steps ? $"/{steps}" : "")}" : progress.Phase;
        if (progress.Loss is { } loss)
            yield return $"loss {Units.Fixed(loss)}";
        if (progress.ValidationLoss is { } validationLoss)
            yield return $"validation {Units.Fixed(validationLoss)}";
        if (progress.LearningRate is { } rate)
            yield return string.Create(CultureInfo.InvariantCulture, $"lr {rate:0.0e-00}");
        if (progress.TokensPerSecond is { } speed)
            yield return Units.Rate(speed);
        if (progress.Remaining is { } remaining)
            yield return $"{Units.Time(remaining)} left";
    }
}
