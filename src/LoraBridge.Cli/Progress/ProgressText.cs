using System.Globalization;
using LoraBridge.Cli.Output;

namespace LoraBridge.Cli.Progress;

/// <summary>Words for progress.</summary>
internal static class ProgressText
{
    internal static string Of(ProgressEvent progress) => string.Join("  ", Parts(progress));

    private static IEnumerable<string> Parts(ProgressEvent progress)
    {
        if (progress.Step is null || progress.Phase != "train")
            yield return progress.Phase;
        if (progress.Step is { } step)
            yield return $"step {step}{(progress.Steps is { } steps ? $"/{steps}" : "")}";
        if (progress.Bytes is { } bytes)
            yield return progress.TotalBytes is { } total ? $"{Units.Bytes(bytes)} of {Units.Bytes(total)}" : Units.Bytes(bytes);
        if (progress.BytesPerSecond is { } rate)
            yield return $"{Units.Bytes((long)rate)}/s";
        if (progress.Loss is { } loss)
            yield return $"loss {Units.Fixed(loss)}";
        if (progress.ValidationLoss is { } validationLoss)
            yield return $"validation {Units.Fixed(validationLoss)}";
        if (progress.LearningRate is { } learningRate)
            yield return string.Create(CultureInfo.InvariantCulture, $"lr {learningRate:0.0e-00}");
        if (progress.TokensPerSecond is { } speed)
            yield return Units.Rate(speed);
        if (progress.Remaining is { } remaining)
            yield return $"{Units.Time(remaining)} left";
    }
}
