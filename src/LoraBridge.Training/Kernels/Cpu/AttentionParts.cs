namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// The work of attention: each head's queries in some parts. Those parts come first that see most where tokens see what came before them, so that what is
/// left at the end is short; where there are few threads, all of a group's come together, so that its keys and values need not be packed as often.
/// </summary>
/// <param name="arguments">Of attention.</param>
/// <param name="pieces">Pieces of work to have at least, where there are queries enough.</param>
/// <param name="workers">How many threads there are; they change the order alone.</param>
internal readonly struct AttentionParts(AttentionArguments arguments, int pieces, int workers)
{
    /// <summary>From here on threads have little left to do behind the last group.</summary>
    private const int ManyWorkers = 5;

    private readonly int _blocks = (arguments.Tokens + AttentionBlock.Rows - 1) / AttentionBlock.Rows;
    private readonly int _heads = arguments.Heads * arguments.Sequences;

    /// <summary>Parts of a head's queries.</summary>
    public int OfQueries => Math.Clamp((pieces + _heads - 1) / _heads, 1, _blocks);

    /// <summary>All pieces.</summary>
    public int Count => _heads * OfQueries;

    /// <summary>Pieces of the heads that share keys and values.</summary>
    public int InGroup => Count / Groups;

    private int Groups => arguments.Groups * arguments.Sequences;

    /// <summary>A piece by its place in the order they are taken in.</summary>
    public AttentionPart this[long index]
    {
        get
        {
            var (turn, group) = workers < ManyWorkers ? ((int)index % InGroup, (int)index / InGroup) : ((int)index / Groups, (int)index % Groups);
            var sharing = arguments.Heads / arguments.Groups;
            var (later, member) = Math.DivRem(turn, sharing);
            var part = OfQueries - 1 - later;
            return new AttentionPart(arguments.Head(group * sharing + member), Start(part), Start(part + 1), later, turn);
        }
    }

    /// <summary>Whole blocks. Where later queries see more cells, parts of them are shorter.</summary>
    private int Start(int part) =>
        Math.Min(arguments.Tokens, (int)Math.Round(_blocks * Math.Sqrt((double)part / OfQueries)) * AttentionBlock.Rows);
}

/// <summary>Some queries of a head.</summary>
/// <param name="Head">The head.</param>
/// <param name="First">The first query.</param>
/// <param name="End">One past the last; parts of few blocks may have none.</param>
/// <param name="Before">Parts of the head that are taken before.</param>
/// <param name="BeforeInGroup">Parts of all heads with the same keys and values that are taken before.</param>
internal readonly record struct AttentionPart(AttentionHead Head, int First, int End, int Before, int BeforeInGroup)
{
    /// <summary>The first query of the last block; less than <see cref="First"/> where there is none.</summary>
    public int Last => First + ((End - First + AttentionBlock.Rows - 1) / AttentionBlock.Rows - 1) * AttentionBlock.Rows;
}
