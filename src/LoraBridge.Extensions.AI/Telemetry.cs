using System.Diagnostics;
using System.Diagnostics.Metrics;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

namespace LoraBridge.Extensions.AI;

/// <summary>What is told to OpenTelemetry, under the names of the conventions for generative AI where they have one.</summary>
internal static class Telemetry
{
    private static readonly ActivitySource Source = new(LoraBridgeTelemetry.Name);
    private static readonly Meter Meter = new(LoraBridgeTelemetry.Name);
    private static readonly Histogram<long> Tokens = Meter.CreateHistogram<long>("gen_ai.client.token.usage", "{token}", "Tokens read and generated.");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("gen_ai.client.operation.duration", "s", "How long requests take.");

    internal static Activity? StartLoading(string model) => Start("load", model);

    internal static Activity? StartGeneration(ChatRequest request) => Start("generate", request.ModelId, request.Options.Adapters);

    internal static Activity? StartEmbeddings(string model, IReadOnlyList<LoraAdapter>? adapters) => Start("embed", model, adapters);

    internal static void RecordGeneration(Activity? activity, ChatRequest request, TextGenerationResult result, TimeSpan duration)
    {
        activity?.SetTag("gen_ai.usage.input_tokens", result.PromptTokenCount);
        activity?.SetTag("gen_ai.usage.output_tokens", result.Tokens.Count);
        activity?.SetTag("lorabridge.tokens_per_second", result.TokensPerSecond);
        activity?.SetTag("lorabridge.stop_reason", result.StopReason.ToString());
        var tags = Record("chat", request.ModelId, duration);
        Tokens.Record(result.PromptTokenCount, [.. tags, new("gen_ai.token.type", "input")]);
        Tokens.Record(result.Tokens.Count, [.. tags, new("gen_ai.token.type", "output")]);
    }

    internal static void RecordEmbeddings(Activity? activity, string model, long tokens, TimeSpan duration)
    {
        activity?.SetTag("gen_ai.usage.input_tokens", tokens);
        Tokens.Record(tokens, [.. Record("embeddings", model, duration), new("gen_ai.token.type", "input")]);
    }

    internal static void Fail(Activity? activity, Exception exception)
    {
        activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
        activity?.SetTag("error.type", exception.GetType().FullName);
    }

    private static Activity? Start(string operation, string model, IReadOnlyList<LoraAdapter>? adapters = null)
    {
        var activity = Source.StartActivity($"lorabridge.{operation} {model}");
        activity?.SetTag("gen_ai.provider.name", LoraBridgeTelemetry.Provider);
        activity?.SetTag("gen_ai.request.model", model);
        activity?.SetTag("lorabridge.adapters", adapters is null ? "model" : string.Join('+', adapters.Select(adapter => adapter.Identifier)));
        return activity;
    }

    private static TagList Record(string operation, string model, TimeSpan duration)
    {
        TagList tags = new()
        {
            { "gen_ai.operation.name", operation }, { "gen_ai.provider.name", LoraBridgeTelemetry.Provider }, { "gen_ai.request.model", model },
        };
        Duration.Record(duration.TotalSeconds, tags);
        return tags;
    }
}
