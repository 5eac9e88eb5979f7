namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Bounds on what one template may cost: templates come from downloaded files.</summary>
internal sealed record JinjaLimits
{
    public static JinjaLimits Default { get; } = new();

    /// <summary>Characters of output, and of any string built on the way.</summary>
    public int MaximumLength { get; init; } = 16 * 1024 * 1024;

    /// <summary>Items of any list built by the template.</summary>
    public int MaximumItems { get; init; } = 1_000_000;

    /// <summary>Expressions and statements evaluated, loops included.</summary>
    public long MaximumSteps { get; init; } = 20_000_000;

    /// <summary>Macros that call one another.</summary>
    public int MaximumCallDepth { get; init; } = 100;

    public void CheckLength(long length)
    {
        if (length > MaximumLength)
            throw new TemplateFault($"text grew beyond {MaximumLength} characters");
    }

    public void CheckItems(long count)
    {
        if (count > MaximumItems)
            throw new TemplateFault($"a list grew beyond {MaximumItems} items");
    }
}
