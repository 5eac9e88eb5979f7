namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// The work of a product C = A B as a list of items that threads take one after the other. Some columns and some of the inner dimension are a unit:
/// its panels of B are packed by whoever comes first, into memory that all see, and then multiplied by the rows of A, a <see cref="ProductPiece"/> at a time.
/// </summary>
/// <remarks>
/// Pieces become smaller towards the end (guided self-scheduling, Polychronopoulos and Kuck, 1987): large ones read less for what they compute, small
/// ones leave less to wait for. The panels of the following units are packed before those of a unit are multiplied by, so that nobody waits for them. A
/// unit's memory is that of an earlier one whose products are done. Every element of C is a sum over the panels in their order, whoever computes it, and
/// however many there are.
/// </remarks>
internal sealed class ProductPlan
{
    /// <summary>Panels of the inner dimension of a unit; a longer dimension takes several, one after the other.</summary>
    public const int MostPanels = 16;

    /// <summary>A thread's share of the work is parted into at most so many pieces.</summary>
    private const int PiecesPerWorker = 24;

    /// <summary>Into how many pieces a thread's share of what is left is parted: one that takes twice as long as others then has only one of them.</summary>
    private const int PiecesOfRest = 2;

    /// <summary>Strips of a piece: its sums, and its rows of a panel, fit a second-level cache beside the panel of B.</summary>
    private const int MostStrips = 16;

    /// <summary>Strips of a piece that is packed for alone, at most, and at least, if there are as many: with fewer, packing takes too large a part.</summary>
    public const int MostStripsAlone = 48, FewestStripsAlone = 8;

    /// <summary>Tiles of such a piece, at least, if there are as many: with fewer, reading rows of A does.</summary>
    public const int FewestTilesAlone = 2;

    /// <summary>So many units for each thread are enough for each to pack for itself.</summary>
    private const int UnitsPerWorker = 2;

    /// <summary>Units that may be packed while slow threads still multiply by earlier ones.</summary>
    private const int SpareSlots = 2;

    private readonly ProductUnit[] _units;
    private readonly int[] _roundStarts;

    /// <param name="strips">Strips of A, by group of rows that have a matrix of their own.</param>
    /// <param name="columns">Columns of B.</param>
    /// <param name="depth">The inner dimension.</param>
    /// <param name="grain">Columns that are packed as a whole: a block of B's type, where that lies along them.</param>
    /// <param name="workers">How many threads there are.</param>
    public ProductPlan(IReadOnlyList<int> strips, int columns, int depth, int grain, int workers)
    {
        const int Width = ProductTile.GroupColumns;
        var across = (columns + Width - 1) / Width;
        var canPart = grain <= ProductTile.Columns;
        // Where the last units cannot be parted by columns, they are packed several times: the more threads are to share them, the more units are needed.
        PacksAlone = (long)across * strips.Sum(count => (count + MostStripsAlone - 1) / MostStripsAlone)
            >= UnitsPerWorker * workers + (canPart ? 0 : Math.Max(0, workers - 2));
        var sectionDepth = PacksAlone ? depth : MostPanels * ProductTile.Depth;
        var sections = (depth + sectionDepth - 1) / sectionDepth;
        _units = new ProductUnit[strips.Count * across * sections];
        var (count, rest) = (0, (double)strips.Sum() * columns * depth);
        var smallest = rest / (PiecesPerWorker * workers);
        for (var group = 0; group < strips.Count; group++)
            for (var section = 0; section < sections; section++)
                for (var column = 0; column < columns; column += Width)
                {
                    var unit = new ProductUnit(
                        group, section * sectionDepth, Math.Min(sectionDepth, depth - section * sectionDepth), column, Math.Min(Width, columns - column), section,
                        section == sections - 1, strips[group], 1, 1);
                    var pieces = (int)Math.Ceiling(unit.Work / Math.Max(smallest, (PacksAlone ? rest : rest - unit.Work) / (PiecesOfRest * workers)));
                    rest -= unit.Work;
                    _units[count++] = PacksAlone ? unit.PartedAlone(pieces, canPart) : unit.Parted(pieces, MostStrips);
                }

        // Small matrices are packed in small pieces: at the start, all wait for the first.
        var panels = _units.Sum(unit => unit.Panels);
        PackColumns = Math.Max(Width / 4, (grain + ProductTile.Columns - 1) / ProductTile.Columns * ProductTile.Columns);
        if (panels >= PiecesPerWorker * workers)
            PackColumns = Width;
        Across = across;
        if (!PacksAlone)
        {
            var fewest = _units.Min(unit => unit.Pieces);
            Lookahead = Math.Clamp((workers + PacksOf(_units[0]) - 1) / PacksOf(_units[0]), 1, _units.Length);
            Slots = Math.Min(_units.Length, Lookahead + 1 + SpareSlots + (workers + fewest - 1) / fewest);
        }

        _roundStarts = new int[_units.Length + Lookahead + 1];
        for (var round = 0; round < _roundStarts.Length - 1; round++)
            _roundStarts[round + 1] = _roundStarts[round] + (round < _units.Length ? PacksOf(_units[round]) : 0)
                + (round >= Lookahead ? _units[round - Lookahead].Pieces : 0);
    }

    public IReadOnlyList<ProductUnit> Units => _units;

    /// <summary>Items of work.</summary>
    public int Items => _roundStarts[^1];

    /// <summary>Units side by side: those of the next section of the inner dimension follow so many later.</summary>
    public int Across { get; }

    /// <summary>
    /// Whether whoever multiplies by a piece packs its columns, panel by panel, in memory of its own: where there are enough units, each panel stays in the
    /// caches of the core that uses it, whatever else happens on the machine. The last pieces have fewer columns, so that these are packed once; only where
    /// that cannot be, several pieces share columns, and each packs them.
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
/// <param name="Parts">Into how many parts its columns are parted.</param>
/// <param name="Blocks">Into how many blocks the strips are parted.</param>
internal readonly record struct ProductUnit(
    int Group, int FirstDepth, int Depth, int FirstColumn, int Width, int Section, bool IsLast, int Strips, int Parts, int Blocks)
{
    public int Panels => (Depth + ProductTile.Depth - 1) / ProductTile.Depth;

    /// <summary>Elements of the inner dimension of a panel.</summary>
    public int Height(int panel) => Math.Min(ProductTile.Depth, Depth - panel * ProductTile.Depth);

    /// <summary>In strips, columns and elements of the inner dimension.</summary>
    public double Work => (double)Strips * Width * Depth;

    /// <summary>Pieces that it is multiplied in.</summary>
    public int Pieces => Parts * Blocks;

    /// <summary>The most strips that a piece has.</summary>
    public int MostStrips => (Strips + Blocks - 1) / Blocks;

    private int Tiles => (Width + ProductTile.Columns - 1) / ProductTile.Columns;

    /// <summary>Which strips and columns a piece has.</summary>
    public ProductPiece Piece(int index)
    {
        var (part, block) = Math.DivRem(index, Blocks);
        var first = Tiles * part / Parts * ProductTile.Columns;
        return new ProductPiece(
            (int)((long)Strips * block / Blocks), (int)((long)Strips * (block + 1) / Blocks), FirstColumn + first,
            Math.Min(Width, Tiles * (part + 1) / Parts * ProductTile.Columns) - first);
    }

    /// <summary>The same in at least so many pieces, if there are as many tiles, so that all of them together read the fewest rows of A and columns of B.</summary>
    public ProductUnit Parted(int pieces, int mostStrips)
    {
        var (best, least) = (this, long.MaxValue);
        for (var parts = 1; parts <= Tiles; parts++)
        {
            var blocks = Math.Max(Math.Min(Strips, (pieces + parts - 1) / parts), (Strips + mostStrips - 1) / mostStrips);
            var parted = this with { Parts = parts, Blocks = blocks };
            var edges = parted.MostStrips * ProductTile.Rows + (Tiles + parts - 1) / parts * ProductTile.Columns;
            if (parted.Pieces >= Math.Min(pieces, Strips * Tiles) && (long)parted.Pieces * edges < least)
                (best, least) = (parted, (long)parted.Pieces * edges);
        }
        return best;
    }

    /// <summary>The same in so many pieces, if there are as many, each of which packs its columns.</summary>
    /// <param name="pieces">How many.</param>
    /// <param name="byColumns">Whether columns may be parted: none is packed several times then, but for more strips than a piece may have.</param>
    public ProductUnit PartedAlone(int pieces, bool byColumns)
    {
        var blocks = (Strips + ProductPlan.MostStripsAlone - 1) / ProductPlan.MostStripsAlone;
        var mostParts = byColumns ? Math.Max(1, Tiles / ProductPlan.FewestTilesAlone) : 1;
        var parts = Math.Clamp((pieces + blocks - 1) / blocks, 1, mostParts);
        return this with { Parts = parts, Blocks = Math.Max(blocks, Math.Min((pieces + parts - 1) / parts, Strips / ProductPlan.FewestStripsAlone)) };
    }
}

/// <summary>Some rows and columns of a product.</summary>
/// <param name="FirstStrip">The first strip of the group.</param>
/// <param name="EndStrip">One past the last.</param>
/// <param name="FirstColumn">The first column.</param>
/// <param name="Width">Columns.</param>
internal readonly record struct ProductPiece(int FirstStrip, int EndStrip, int FirstColumn, int Width)
{
    public int Strips => EndStrip - FirstStrip;
}

/// <summary>One item of a <see cref="ProductPlan"/>.</summary>
/// <param name="Unit">Its unit.</param>
/// <param name="Index">Which part of a panel to pack, or which piece to multiply.</param>
/// <param name="IsPacking">Which of the two.</param>
internal readonly record struct ProductItem(int Unit, int Index, bool IsPacking);
