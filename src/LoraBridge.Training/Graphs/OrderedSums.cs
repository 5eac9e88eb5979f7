namespace LoraBridge.Training.Graphs;

/// <summary>
/// Sums of what pieces of work give, in an order of addition that does not depend on which threads compute them, nor on who is done first: what comes early
/// is kept until all that precedes it has been added. Nobody waits.
/// </summary>
/// <typeparam name="T">What a piece gives.</typeparam>
/// <param name="sums">How many sums.</param>
/// <param name="pieces">Pieces that each gets.</param>
/// <param name="add">Adds what a piece gives to a sum; it is called for one piece of a sum at a time.</param>
internal sealed class OrderedSums<T>(int sums, int pieces, Action<int, T> add) where T : class
{
    private readonly Lock _lock = new();
    private readonly T?[] _early = new T?[sums * pieces];
    private readonly int[] _added = new int[sums];
    private readonly bool[] _isAdding = new bool[sums];

    /// <summary>Adds a piece, and those behind it that were early, now or when those before it have been added.</summary>
    /// <param name="sum">To which sum.</param>
    /// <param name="turn">How many pieces are added before it.</param>
    /// <param name="piece">What the piece gives.</param>
    public void Add(int sum, int turn, T piece)
    {
        lock (_lock)
        {
            _early[sum * pieces + turn] = piece;
            if (_isAdding[sum])
                return;
            _isAdding[sum] = true;
        }
        while (Next(sum) is { } next)
            add(sum, next);
    }

    /// <summary>What is to be added next; null where that has not come, and so nobody adds to the sum any more.</summary>
    private T? Next(int sum)
    {
        lock (_lock)
        {
            var next = _added[sum] < pieces ? _early[sum * pieces + _added[sum]] : null;
            if (next is null)
                _isAdding[sum] = false;
            else
                _early[sum * pieces + _added[sum]++] = null;
            return next;
        }
    }
}
