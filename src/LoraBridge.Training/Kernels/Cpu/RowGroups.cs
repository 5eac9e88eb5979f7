namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// The rows of a product's left factor by the matrix that they are multiplied by: all by one, some by each of a batch, or each by that of its
/// expert. Each group starts a new strip (<see cref="PackedRows"/>).
/// </summary>
internal sealed class RowGroups
{
    /// <summary>Rows of a strip.</summary>
    public const int StripRows = ProductTile.Rows;

    private readonly int[]? _order;

    private RowGroups(List<RowGroup> groups, int[]? order) => (All, _order) = (groups, order);

    /// <summary>The groups that have rows.</summary>
    public IReadOnlyList<RowGroup> All { get; }

    /// <summary>Whether rows of a group follow each other in the factor.</summary>
    public bool AreTogether => _order is null;

    /// <summary>Strips of all groups.</summary>
    public int Strips => All.Count == 0 ? 0 : All[^1].FirstStrip + All[^1].Strips;

    /// <summary>Groups of <paramref name="rows"/> rows for each of <paramref name="matrices"/> matrices.</summary>
    public static RowGroups Batch(int rows, int matrices)
    {
        var strips = (rows + StripRows - 1) / StripRows;
        return new RowGroups([.. Enumerable.Range(0, rows > 0 ? matrices : 0).Select(matrix => new RowGroup(matrix, matrix * strips, matrix * rows, rows))], null);
    }

    /// <summary>Rows sorted by expert, in their order.</summary>
    /// <param name="ids">The expert of each row.</param>
    /// <param name="experts">E, how many there are.</param>
    /// <exception cref="ArgumentException">A row names an expert that does not exist.</exception>
    public static RowGroups ByExpert(ReadOnlySpan<int> ids, int experts)
    {
        var starts = new int[experts + 1];
        foreach (var id in ids)
        {
            if ((uint)id >= (uint)experts)
                throw new ArgumentException($"A token goes to expert {id}; there are {experts}.");
            starts[id + 1]++;
        }
        var (groups, strips) = (new List<RowGroup>(), 0);
        for (var e = 0; e < experts; e++)
        {
            var rows = starts[e + 1];
            starts[e + 1] += starts[e];
            if (rows == 0)
                continue;
            groups.Add(new RowGroup(e, strips, starts[e], rows));
            strips += groups[^1].Strips;
        }

        var order = new int[ids.Length];
        for (var row = 0; row < ids.Length; row++)
            order[starts[ids[row]]++] = row;
        return new RowGroups(groups, order);
    }

    /// <summary>The most strips that rows sorted by expert can take.</summary>
    public static long MostStrips(long rows, long experts) => rows / StripRows + Math.Min(rows, experts);

    /// <summary>Which row of the factor is the <paramref name="index"/>th of a group.</summary>
    public int Row(RowGroup group, int index) => _order is null ? group.FirstRow + index : _order[group.FirstRow + index];

    /// <summary>The group that a strip belongs to.</summary>
    public RowGroup GroupOf(int strip)
    {
        var (low, high) = (0, All.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = All[middle].FirstStrip <= strip ? (middle, high) : (low, middle - 1);
        }
        return All[low];
    }
}

/// <summary>Rows that are multiplied by the same matrix.</summary>
/// <param name="Matrix">Which matrix.</param>
/// <param name="FirstStrip">The first of their strips.</param>
/// <param name="FirstRow">Rows of the groups before.</param>
/// <param name="Rows">How many rows.</param>
internal readonly record struct RowGroup(int Matrix, int FirstStrip, int FirstRow, int Rows)
{
    public int Strips => (Rows + RowGroups.StripRows - 1) / RowGroups.StripRows;
}
