namespace LoraBridge.TextGeneration;

/// <summary>Whether a model calls tools.</summary>
public sealed record ToolChoice
{
    private ToolChoice(bool isAllowed, bool isRequired, string? name) => (IsAllowed, IsRequired, Name) = (isAllowed, isRequired, name);

    /// <summary>The model decides.</summary>
    public static ToolChoice Auto { get; } = new(isAllowed: true, isRequired: false, name: null);

    /// <summary>No tool is called: the tools are not even shown to the model.</summary>
    public static ToolChoice None { get; } = new(isAllowed: false, isRequired: false, name: null);

    /// <summary>The model calls one of the tools: a grammar enforces it, even where the model was not trained to call any.</summary>
    public static ToolChoice Required { get; } = new(isAllowed: true, isRequired: true, name: null);

    /// <summary>Whether there may be calls.</summary>
    public bool IsAllowed { get; }

    /// <summary>Whether an answer without a call is impossible.</summary>
    public bool IsRequired { get; }

    /// <summary>The tool that must be called; null for any.</summary>
    public string? Name { get; }

    /// <summary>The model calls this tool: a grammar enforces it.</summary>
    /// <exception cref="ArgumentException">The name is null or blank.</exception>
    public static ToolChoice Tool(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return new ToolChoice(isAllowed: true, isRequired: true, name);
    }
}
