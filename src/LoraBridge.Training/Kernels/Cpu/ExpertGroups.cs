namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>The rows (u, t) of a product with experts, sorted by the expert that computes them: row u + U t.</summary>
internal sealed class ExpertGroups
{
    private readonly int[] _starts;
    private readonly int[] _rows;

    /// <param name="ids">The expert of each row.</param>
    /// <param name="experts">E, how many there are.</param>
    /// <exception cref="ArgumentException">A row names an expert that does not exist.</exception>
    public ExpertGroups(ReadOnlySpan<int> ids, int experts)
    {
        _starts = new int[experts + 1];
        _rows = new int[ids.Length];
        foreach (var id in ids)
        {
            if ((uint)id >= (uint)experts)
                throw new ArgumentException($"A token goes to expert {id}; there are {experts}.");
            _starts[id + 1]++;
        }
        for (var e = 0; e < experts; e++)
            _starts[e + 1] += _starts[e];

        var next = _starts[..experts];
        for (var row = 0; row < ids.Length; row++)
            _rows[next[ids[row]]++] = row;
    }

    /// <summary>Rows of one expert, ascending.</summary>
    public ReadOnlySpan<int> this[long expert] => _rows.AsSpan(_starts[expert], _starts[expert + 1] - _starts[expert]);

    /// <summary>The most rows that any expert has.</summary>
    public int Largest
    {
        get
        {
            var largest = 0;
            for (var e = 1; e < _starts.Length; e++)
                largest = Math.Max(largest, _starts[e] - _starts[e - 1]);
            return largest;
        }
    }
}
