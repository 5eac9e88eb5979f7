namespace LoraBridge.Training.Batching;

/// <summary>
/// Puts samples into rows, first fit in the order given. In a shuffled order the samples that share a row are others in each epoch, which
/// sorting by length would make the same ones. Rows of 512 tokens are 94 to 99 % full with a thousand samples or more (first-fit-decreasing: 98 to
/// 99 %), and at most 1.7 times as many as the fewest possible (Dósa and Sgall, 2013).
/// </summary>
internal static class SequencePacker
{
    /// <summary>The samples, as indices, that share a row.</summary>
    /// <param name="lengths">The lengths of the samples in tokens.</param>
    /// <param name="order">The order in which samples are placed.</param>
    /// <param name="contextLength">The tokens that a row holds.</param>
    /// <exception cref="ArgumentException">A sample is longer than a row.</exception>
    public static List<List<int>> Pack(IReadOnlyList<int> lengths, IReadOnlyList<int> order, int contextLength)
    {
        List<List<int>> rows = [];
        var space = new FreeSpaceTree(order.Count, contextLength);
        foreach (var sample in order)
        {
            if (lengths[sample] > contextLength)
                throw new ArgumentException($"Sample {sample} has {lengths[sample]} tokens, a row holds {contextLength}.", nameof(lengths));
            var row = space.Take(lengths[sample]);
            if (row == rows.Count)
                rows.Add([]);
            rows[row].Add(sample);
        }
        return rows;
    }
}
