namespace LoraBridge.Training.Batching;

/// <summary>Puts samples into rows, first-fit-decreasing: at most 11/9 of the fewest rows possible, and a few (Johnson, 1973).</summary>
internal static class SequencePacker
{
    /// <summary>The samples, as indices, that share a row. Deterministic: equal lengths keep the order given.</summary>
    /// <param name="lengths">The lengths of the samples in tokens.</param>
    /// <param name="order">The order in which samples of equal length are placed.</param>
    /// <param name="contextLength">The tokens that a row holds.</param>
    /// <exception cref="ArgumentException">A sample is longer than a row.</exception>
    public static List<List<int>> Pack(IReadOnlyList<int> lengths, IReadOnlyList<int> order, int contextLength)
    {
        List<List<int>> rows = [];
        var space = new FreeSpaceTree(order.Count, contextLength);
        foreach (var sample in order.OrderByDescending(index => lengths[index]))
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
