namespace LoraBridge.TextGeneration.Reasoning;

/// <summary>How a family of models marks what it thinks before it answers.</summary>
/// <param name="Start">The text in front; empty where the prompt itself has it always.</param>
/// <param name="End">The text behind.</param>
internal sealed record ReasoningMarks(string Start, string End)
{
    private static readonly (string Text, ReasoningMarks Marks)[] Families =
    [
        ("<seed:think>", new("<seed:think>", "</seed:think>")),
        ("<|START_THINKING|>", new("<|START_THINKING|>", "<|END_THINKING|>")),
        ("<|channel>thought", new("<|channel>thought", "<channel|>")),
        ("<|inner_prefix|>", new("<|inner_prefix|>", "<|inner_suffix|>")),
        ("[BEGIN FINAL RESPONSE]", new("Here are my reasoning steps:\n", "[BEGIN FINAL RESPONSE]")),
        ("[THINK]", new("[THINK]", "[/THINK]")),
        ("<think>", new("<think>", "</think>")),
        ("</think>", new("<think>", "</think>")),
    ];

    /// <summary>The marks of a template's family; null when the template says nothing of thoughts.</summary>
    internal static ReasoningMarks? Recognize(string template)
    {
        foreach (var (text, marks) in Families)
        {
            if (template.Contains(text, StringComparison.Ordinal))
                return marks;
        }
        return null;
    }

    /// <summary>Whether a prompt ends within the thoughts: the answer starts with them.</summary>
    internal bool AreOpenAfter(string prompt) => prompt.AsSpan().TrimEnd().EndsWith(Start.AsSpan().TrimEnd(), StringComparison.Ordinal);
}
