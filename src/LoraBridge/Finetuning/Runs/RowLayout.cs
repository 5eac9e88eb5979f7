using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning.Runs;

/// <summary>How samples lie in rows.</summary>
/// <param name="Length">T, the tokens of a row.</param>
/// <param name="SequencePacking">Whether several samples share one.</param>
internal sealed record RowLayout(int Length, bool SequencePacking)
{
    /// <summary>Products over rows of such multiples leave no remainder.</summary>
    private const int Multiple = 32;

    /// <summary>No longer than the data need: the longest sample, or with packing the context, as far as there are tokens to fill it.</summary>
    /// <param name="samples">All samples, those for validation too.</param>
    /// <param name="contextLength">The most tokens of a sample.</param>
    /// <param name="modelContext">What the model was made for; positions beyond it may not exist. 0 if it does not say.</param>
    /// <param name="packing">Whether several samples share a row.</param>
    public static RowLayout For(IEnumerable<TrainingSample> samples, int contextLength, int modelContext, bool packing)
    {
        var (longest, total) = (0, 0L);
        foreach (var sample in samples)
        {
            longest = Math.Max(longest, sample.Tokens.Length);
            total += sample.Tokens.Length;
        }
        var wanted = packing ? (int)Math.Min(contextLength, total) : longest;
        var length = Math.Max((wanted + Multiple - 1) / Multiple * Multiple, Multiple);
        return new RowLayout(modelContext > 0 ? Math.Max(Math.Min(length, modelContext), longest) : length, packing);
    }

    /// <summary>Samples in rows for measuring, in an order that does not matter.</summary>
    public IReadOnlyList<PackedRow> Rows(IReadOnlyList<TrainingSample> samples)
    {
        var batches = new BatchSchedule(samples, new BatchOptions { ContextLength = Length, SequencePacking = SequencePacking });
        return [.. batches.Steps(default).SelectMany(step => step.MicroBatches).SelectMany(rows => rows)];
    }
}
