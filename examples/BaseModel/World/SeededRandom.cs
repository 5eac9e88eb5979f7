namespace LoraBridge.Examples.BaseModel.World;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood 2014). The corpus must come out the same, byte for byte, on every runtime, so its
/// randomness is written here and not borrowed from <see cref="Random"/>, whose sequence is not part of its contract.
/// </summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong NextBits()
    {
        var z = _state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>A whole number in [0, <paramref name="bound"/>).</summary>
    public int Below(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (int)(((UInt128)NextBits() * (ulong)bound) >> 64);
    }

    /// <summary>A whole number in [<paramref name="low"/>, <paramref name="high"/>], both included.</summary>
    public int Between(int low, int high) => low + Below(high - low + 1);

    /// <summary>True in <paramref name="percent"/> of a hundred calls.</summary>
    public bool Chance(int percent) => Below(100) < percent;

    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary>The items in a random order (Fisher-Yates); the list itself is left as it is.</summary>
    public T[] Shuffled<T>(IEnumerable<T> items)
    {
        var result = items.ToArray();
        for (var i = result.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (result[i], result[j]) = (result[j], result[i]);
        }
        return result;
    }

    /// <summary>A generator of its own for one part of the work, so that adding a part does not change the others.</summary>
    public SeededRandom Fork(string purpose)
    {
        var hash = 0xCBF29CE484222325UL;
        foreach (var c in purpose) hash = (hash ^ c) * 0x100000001B3UL;
        return new SeededRandom(_state ^ hash);
    }
}
