namespace LoraBridge.Training.Graphs;

/// <summary>
/// Inputs of a recorded graph that llama.cpp computes from the ids of a row's tokens before it runs the graph, such as hashes of
/// neighbouring tokens. What they hold for a row is no function of positions; llama.cpp itself is asked for it.
/// </summary>
/// <param name="leaves">The inputs.</param>
/// <param name="read">What they hold for the tokens of one sequence, in the same order.</param>
internal sealed class TokenInputs(IReadOnlyList<TracedTensor> leaves, Func<int[], IReadOnlyList<byte[]>> read)
{
    public bool Contains(TracedTensor leaf) => leaves.Contains(leaf);

    public bool AreIn(TracedGraph graph) => graph.Leaves.Any(leaves.Contains);

    /// <summary>What each of the inputs holds for a row of one sequence.</summary>
    public IReadOnlyDictionary<TracedTensor, byte[]> For(ReadOnlySpan<int> tokens) =>
        leaves.Zip(read(tokens.ToArray())).ToDictionary(pair => pair.First, pair => pair.Second);
}
