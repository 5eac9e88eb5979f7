namespace LoraBridge.TextGeneration;

/// <summary>Whether a model calls tools.</summary>
public sealed record ToolChoice
{
    private ToolChoice(bool isAllowed, bool isRequired, string? name) => (IsAllowed, IsRequired, Name) = (isAllowed, isRequired, name);

    /// <summary>The model decides.</summary>
    public static ToolChoice Auto { get; } = new(isAllowed: true, isRequired: false, name: null);

    /// <summary>It does not: the tools are not even shown to it.</summary>
    public static ToolChoice None { get; } = new(isAllowed: false, isRequired: false, name: null);

    /// <summary>It calls one of the tools, whatever it knows of calling: a grammar sees to it.</summary>
    public static ToolChoice Required { get; } = new(isAllowed: true, isRequired: true, name: null);

    /// <summary>Whether there may be calls.</summary>
    public bool IsAllowed { get; }

    /// <summary>Whether an answer without a call is impossible.</summary>
    public bool IsRequired { get; }

    /// <summary>The tool that must be called; null for any.</summary>
    public string? Name { get; }

    /// <summary>It calls this tool: a grammar sees to it.</summary>
    /// <exception cref="ArgumentException">The name is null or blank.</exception>
    public static ToolChoice Tool(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return new ToolChoice(isAllowed: true, isRequired: true, name);
    }
}
