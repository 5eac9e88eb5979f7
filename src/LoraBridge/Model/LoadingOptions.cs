using Microsoft.Extensions.Logging;

namespace LoraBridge.Model;

/// <summary>How a model file is loaded.</summary>
public sealed record LoadingOptions
{
    /// <summary>
    /// Memory-maps the file instead of reading it: starts faster, and processes share the memory. Turn it off for files on a network.
    /// </summary>
    public bool UseMemoryMap { get; init; } = true;

    /// <summary>
    /// Repacks quantised weights for inference on the CPU, which is up to twice as fast for it. That happens when the model is first used for
    /// inference, by a conversation, an embedder or an adapter that is applied: training computes with the weights as they are in the file.
    /// </summary>
    public bool RepackWeights { get; init; } = true;

    /// <summary>
    /// The chat template (Jinja) to use instead of the model's own: where the file has none, a wrong one, or one that cannot be read. Null
    /// takes the model's.
    /// </summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Where a model that is named by an identifier or an address comes from; null takes a store with the options of the environment.</summary>
    public ModelStore? Store { get; init; }

    /// <summary>How the conversations on the model share its contexts.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public InferenceOptions Inference
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(value));
    } = new();

    /// <summary>Receives what the native libraries log, for the whole process; null keeps the logger that is set.</summary>
    public ILogger? Logger { get; init; }
}
