namespace LoraBridge.Extensions.AI;

/// <summary>What a host loads; bound from the configuration section <c>LoraBridge</c>.</summary>
public sealed class LoraBridgeOptions
{
    /// <summary>The section of the configuration.</summary>
    public const string Section = "LoraBridge";

    /// <summary>Path of the model: a GGUF file.</summary>
    public string Model { get; set; } = "";

    /// <summary>Tokens that a conversation can hold; 0 takes what the model was trained for, at most 4096.</summary>
    public int ContextLength { get; set; }

    /// <summary>The most tokens of an answer that does not say otherwise.</summary>
    public int MaximumOutputTokens { get; set; } = 512;

    /// <summary>Threads that compute; 0 takes the number of cores.</summary>
    public int Threads { get; set; }
}
