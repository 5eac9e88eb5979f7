namespace LoraBridge.Cli.Benchmarking;

/// <summary>How fast a model reads and writes, alone and with an adapter.</summary>
public sealed record InferenceBenchmarkResult
{
    /// <summary>Tokens generated per second.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>Tokens of a prompt read per second.</summary>
    public required double PromptTokensPerSecond { get; init; }

    /// <summary>Tokens generated per second with an adapter applied.</summary>
    public required double AdapterTokensPerSecond { get; init; }

    /// <summary>Tokens of a prompt read per second with an adapter applied.</summary>
    public required double AdapterPromptTokensPerSecond { get; init; }

    /// <summary>Seconds to read, check and apply an adapter file.</summary>
    public required double SecondsApply { get; init; }

    /// <summary>Seconds to change the adapters of a context, which empties its cache.</summary>
    public required double SecondsSwitch { get; init; }

    /// <summary>Clients that are served together.</summary>
    public required int Clients { get; init; }

    /// <summary>Tokens generated per second for all of them, in one context.</summary>
    public required double ClientsTokensPerSecond { get; init; }

    /// <summary>Tokens generated per second for the same clients, one after the other.</summary>
    public required double OneByOneTokensPerSecond { get; init; }

    /// <summary>Floating point operations to read a token of a prompt: two for each weight that it is multiplied with.</summary>
    public required double FlopsPerToken { get; init; }

    /// <summary>The machine's fastest single product, in 10⁹ operations per second.</summary>
    public required double PeakGemmGflops { get; init; }

    /// <summary>The type of that product's weight.</summary>
    public required string PeakGemmType { get; init; }

    /// <summary>The part of it that reading a prompt reaches. Weights rearranged for the CPU may pass 1.</summary>
    public required double Utilization { get; init; }

    /// <summary>The most memory that was resident while generating, in bytes.</summary>
    public required long PeakMemoryBytes { get; init; }
}
