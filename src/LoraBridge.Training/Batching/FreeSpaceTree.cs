using System.Numerics;

namespace LoraBridge.Training.Batching;

/// <summary>The free tokens of each row, as a tree of maxima: the first row with enough of them is found in logarithmic time.</summary>
internal sealed class FreeSpaceTree
{
    private readonly int _leaves;
    private readonly int[] _free;

    public FreeSpaceTree(int rows, int capacity)
    {
        _leaves = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(rows, 1));
        _free = new int[2 * _leaves];
        Array.Fill(_free, capacity);
    }

    /// <summary>Takes space in the first row that has it and returns the row.</summary>
    public int Take(int length)
    {
        var node = 1;
        while (node < _leaves)
            node = _free[2 * node] >= length ? 2 * node : 2 * node + 1;
        var row = node - _leaves;
        _free[node] -= length;
        for (node /= 2; node > 0; node /= 2)
            _free[node] = Math.Max(_free[2 * node], _free[2 * node + 1]);
        return row;
    }
}
