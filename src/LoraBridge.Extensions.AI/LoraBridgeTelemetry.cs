namespace LoraBridge.Extensions.AI;

/// <summary>Names for OpenTelemetry, and categories of logs.</summary>
/// <remarks>
/// Activities: <c>lorabridge.load</c>, <c>lorabridge.generate</c> and <c>lorabridge.embed</c>, each followed by the model's name. Instruments:
/// <c>gen_ai.client.token.usage</c> and <c>gen_ai.client.operation.duration</c>. Tags have the names of the conventions for generative AI where
/// those have one (<c>gen_ai.request.model</c>, <c>gen_ai.usage.input_tokens</c>, ...); <c>lorabridge.adapters</c> names the adapters.
/// </remarks>
public static class LoraBridgeTelemetry
{
    /// <summary>The name of the activity source and of the meter: pass it to <c>AddSource</c> and <c>AddMeter</c>.</summary>
    public const string Name = "LoraBridge";

    /// <summary>The category of what llama.cpp and ggml log: errors and warnings as such, what they do at level Debug and below.</summary>
    public const string NativeLogCategory = "LoraBridge.Native";

    /// <summary>The category of models that a host loads: one line each, at level Information.</summary>
    public const string ModelLogCategory = "LoraBridge.Model";

    /// <summary>The category of answers and embeddings: their tokens and times, at level Debug; never what was said.</summary>
    public const string RequestLogCategory = "LoraBridge.Requests";

    /// <summary>The name of the provider in metadata and tags.</summary>
    internal const string Provider = "lorabridge";
}
