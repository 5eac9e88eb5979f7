using System.Diagnostics;
using System.Diagnostics.Metrics;
using LoraBridge.TextGeneration;

namespace LoraBridge.Extensions.AI;

/// <summary>What the client tells OpenTelemetry, under the names of the conventions for generative AI where they have one.</summary>
internal static class Telemetry
{
    private static readonly ActivitySource Source = new(LoraBridgeTelemetry.Name);
    private static readonly Meter Meter = new(LoraBridgeTelemetry.Name);
    private static readonly Histogram<long> Tokens = Meter.CreateHistogram<long>("gen_ai.client.token.usage", "{token}", "Tokens read and generated.");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("gen_ai.client.operation.duration", "s", "How long answers take.");

    internal static Activity? Start(ChatRequest request)
    {
        var activity = Source.StartActivity($"lorabridge.generate {request.ModelId}");
        activity?.SetTag("gen_ai.provider.name", "lorabridge");
        activity?.SetTag("gen_ai.request.model", request.ModelId);
        activity?.SetTag("lorabridge.adapters", Adapters(request));
        return activity;
    }

    internal static void Record(Activity? activity, ChatRequest request, TextGenerationResult result, TimeSpan duration)
    {
        activity?.SetTag("gen_ai.usage.input_tokens", result.PromptTokenCount);
        activity?.SetTag("gen_ai.usage.output_tokens", result.Tokens.Count);
        activity?.SetTag("lorabridge.tokens_per_second", result.TokensPerSecond);
        activity?.SetTag("lorabridge.stop_reason", result.StopReason.ToString());
        TagList tags = new() { { "gen_ai.provider.name", "lorabridge" }, { "gen_ai.request.model", request.ModelId } };
        Duration.Record(duration.TotalSeconds, tags);
        Tokens.Record(result.PromptTokenCount, [.. tags, new("gen_ai.token.type", "input")]);
        Tokens.Record(result.Tokens.Count, [.. tags, new("gen_ai.token.type", "output")]);
    }

    internal static void Fail(Activity? activity, Exception exception)
    {
        activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
        activity?.SetTag("error.type", exception.GetType().FullName);
    }

    private static string Adapters(ChatRequest request) => request.Options.Adapters is { } adapters
        ? string.Join('+', adapters.Select(adapter => adapter.Identifier))
        : "model";
}
