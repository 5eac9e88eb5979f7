namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// The work of a product C = A B as a list of items that threads take one after the other. Some columns and some of the inner dimension are a unit:
/// its panels of B are packed by whoever comes first, into memory that all see, and then multiplied by the rows of A, a block of strips at a time.
/// </summary>
/// <remarks>
/// The panels of the following units are packed before those of a unit are multiplied by, so that nobody waits for them. A unit's memory is that of an
/// earlier one whose products are done. Every element of C is a sum over the panels in their order, whoever computes it, and however many there are.
/// </remarks>
internal sealed class ProductPlan
{
    /// <summary>Panels of the inner dimension of a unit; a longer dimension takes several, one after the other.</summary>
    public const int MostPanels = 16;

    /// <summary>Items for each thread, where strips are enough.</summary>
    private const int ItemsPerWorker = 24;

    /// <summary>Strips of a block: its sums, and its rows of a panel, fit a second-level cache beside the panel of B.</summary>
    private const int MostStrips = 16;

    private readonly ProductUnit[] _units;
    private readonly int[] _roundStarts;

    /// <param name="strips">Strips of A, by group of rows that have a matrix of their own.</param>
    /// <param name="columns">Columns of B.</param>
    /// <param name="depth">The inner dimension.</param>
    /// <param name="grain">Columns that are packed as a whole: a block of B's type, where that lies along them.</param>
    /// <param name="workers">How many threads there are.</param>
    public ProductPlan(IReadOnlyList<int> strips, int columns, int depth, int grain, int workers)
    {
        const int Width = ProductTile.GroupColumns, SectionDepth = MostPanels * ProductTile.Depth;
        var (across, sections) = ((columns + Width - 1) / Width, (depth + SectionDepth - 1) / SectionDepth);
        var wanted = ItemsPerWorker * workers;
        _units = new ProductUnit[strips.Count * across * sections];
        var count = 0;
        for (var group = 0; group < strips.Count; group++)
        {
            var blocks = Math.Clamp((wanted + across * strips.Count - 1) / (across * strips.Count), (strips[group] + MostStrips - 1) / MostStrips, strips[group]);
            for (var section = 0; section < sections; section++)
                for (var column = 0; column < columns; column += Width)
                    _units[count++] = new ProductUnit(
                        group, section * SectionDepth, Math.Min(SectionDepth, depth - section * SectionDepth), column, Math.Min(Width, columns - column), section,
                        section == sections - 1, strips[group], blocks);
        }

        // Small matrices are packed in small pieces: at the start, all wait for the first.
        var panels = _units.Sum(unit => unit.Panels);
        PackColumns = Math.Max(Width / 4, (grain + ProductTile.Columns - 1) / ProductTile.Columns * ProductTile.Columns);
        if (panels >= wanted)
            PackColumns = Width;
        Across = across;
        PacksAlone = _units.Length >= wanted && _units.All(unit => unit.Blocks == 1);
        if (!PacksAlone)
        {
            Lookahead = Math.Clamp((workers + PacksOf(_units[0]) - 1) / PacksOf(_units[0]), 1, _units.Length);
            Slots = Math.Min(_units.Length, Lookahead + 1 + (workers + _units.Min(unit => unit.Blocks) - 1) / _units.Min(unit => unit.Blocks));
        }

        _roundStarts = new int[_units.Length + Lookahead + 1];
        for (var round = 0; round < _roundStarts.Length - 1; round++)
            _roundStarts[round + 1] = _roundStarts[round] + (round < _units.Length ? PacksOf(_units[round]) : 0)
                + (round >= Lookahead ? _units[round - Lookahead].Blocks : 0);
    }

    public IReadOnlyList<ProductUnit> Units => _units;

    /// <summary>Items of work.</summary>
    public int Items => _roundStarts[^1];

    /// <summary>Units side by side: those of the next section of the inner dimension follow so many later.</summary>
    public int Across { get; }

    /// <summary>
    /// Whether whoever multiplies by a unit packs it, panel by panel, in memory of its own: where there are many units with one block each, as experts
    /// have, a panel is used once, and best by the core in whose caches it is.
    /// </summary>
    public bool PacksAlone { get; }

    /// <summary>How many units are packed before the first is multiplied by.</summary>
    public int Lookahead { get; }

    /// <summary>Units that have memory at a time.</summary>
    public int Slots { get; }

    /// <summary>Columns that are packed at a time.</summary>
    public int PackColumns { get; }

    /// <summary>Items that pack a unit.</summary>
    public int PacksOf(ProductUnit unit) => PacksAlone ? 0 : unit.Panels * ((unit.Width + PackColumns - 1) / PackColumns);

    /// <summary>What an item is.</summary>
    /// <param name="index">Which of <see cref="Items"/>.</param>
    /// <param name="round">A place to start looking from: where the last item was found, whose index was smaller. 0 at first.</param>
    public ProductItem Find(long index, ref int round)
    {
        while (index >= _roundStarts[round + 1])
            round++;
        var within = (int)(index - _roundStarts[round]);
        var packs = round < _units.Length ? PacksOf(_units[round]) : 0;
        return within < packs ? new ProductItem(round, within, IsPacking: true) : new ProductItem(round - Lookahead, within - packs, IsPacking: false);
    }
}

/// <summary>Some columns and some of the inner dimension of a product.</summary>
/// <param name="Group">The group of rows.</param>
/// <param name="FirstDepth">The first of the inner dimension.</param>
/// <param name="Depth">How much of it.</param>
/// <param name="FirstColumn">The first column.</param>
/// <param name="Width">Columns, at most <see cref="ProductTile.GroupColumns"/>.</param>
/// <param name="Section">How many units have the same columns before this one.</param>
/// <param name="IsLast">Whether none has them after it.</param>
/// <param name="Strips">Strips of the group.</param>
/// <param name="Blocks">Into how many blocks they are parted.</param>
internal readonly record struct ProductUnit(
    int Group, int FirstDepth, int Depth, int FirstColumn, int Width, int Section, bool IsLast, int Strips, int Blocks)
{
    public int Panels => (Depth + ProductTile.Depth - 1) / ProductTile.Depth;

    /// <summary>The most strips that a block has.</summary>
    public int LargestBlock => (Strips + Blocks - 1) / Blocks;

    /// <summary>The strips of a block.</summary>
    public (int First, int End) Block(int index) => ((int)((long)Strips * index / Blocks), (int)((long)Strips * (index + 1) / Blocks));
}

/// <summary>One item of a <see cref="ProductPlan"/>.</summary>
/// <param name="Unit">Its unit.</param>
/// <param name="Index">Which piece of a panel to pack, or which block of strips to multiply by.</param>
/// <param name="IsPacking">Which of the two.</param>
internal readonly record struct ProductItem(int Unit, int Index, bool IsPacking);
