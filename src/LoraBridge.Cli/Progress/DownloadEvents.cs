using LoraBridge.Cli.Output;
using LoraBridge.Model;

namespace LoraBridge.Cli.Progress;

/// <summary>Passes on how far a download is, and in words what is worth knowing before and while it runs.</summary>
internal sealed class DownloadEvents(IProgress<ProgressEvent> progress) : IProgress<ModelDownloadProgress>
{
    private readonly Lock _gate = new();

    public void Report(ModelDownloadProgress value)
    {
        lock (_gate)
        {
            if (value.Plan is { } plan)
                Tell(value, Describe(value.Model, plan));
            if (value.Message is { } message)
                Tell(value, message);
            if (value.Stage is ModelDownloadStage.Downloading or ModelDownloadStage.Verifying && value.Message is null)
                progress.Report(new ProgressEvent(Phase(value), value.BytesTotal is null ? null : value.Fraction)
                {
                    Bytes = value.BytesDone,
                    TotalBytes = value.BytesTotal,
                    BytesPerSecond = value.Stage == ModelDownloadStage.Downloading ? value.BytesPerSecond : null,
                    Remaining = value.Stage == ModelDownloadStage.Downloading ? value.Remaining : null,
                });
        }
    }

    private void Tell(ModelDownloadProgress value, string message) => progress.Report(new ProgressEvent(Phase(value), value.BytesTotal is null ? null : value.Fraction) { Message = message });

    private static string Phase(ModelDownloadProgress value) => value.Stage == ModelDownloadStage.Verifying ? "verify" : "download";

    private static string Describe(string model, ModelDownloadPlan plan) => string.Join("; ", ((string?[])
    [
        $"{model}: {(plan.Bytes is { } bytes ? Units.Bytes(bytes) : "of unknown size")} from {plan.Page}",
        plan.License is { } license ? $"licence {license}" : "for its licence see that page",
        plan.Memory?.ToString(),
    ]).OfType<string>());
}
