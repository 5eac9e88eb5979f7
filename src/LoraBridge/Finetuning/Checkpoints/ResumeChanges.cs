namespace LoraBridge.Finetuning.Checkpoints;

/// <summary>What is otherwise than in the checkpoint that a training goes on from, and may be.</summary>
/// <param name="Descriptions">Each change as a sentence.</param>
/// <param name="IsMeasuredOtherwise">Whether losses are measured on other data, so that the best of before is not comparable.</param>
internal sealed record ResumeChanges(IReadOnlyList<string> Descriptions, bool IsMeasuredOtherwise)
{
    public static ResumeChanges None { get; } = new([], IsMeasuredOtherwise: false);
}
