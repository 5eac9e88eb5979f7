namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// In how many parts the gradients of a group's keys and values are summed, so that there is work for many threads: heads that share them first,
/// then queries of a head. It is the same for any number of threads, and with it the result.
/// </summary>
/// <param name="OfHeads">Parts of the heads of a group.</param>
/// <param name="OfQueries">Parts of the queries of a head.</param>
internal readonly record struct AttentionParts(int OfHeads, int OfQueries)
{
    /// <summary>Pieces of work to have at least. Each has gradients of its own, as large as keys and values: more of them would take much memory.</summary>
    private const int Units = 32;

    public int Count => OfHeads * OfQueries;

    public static AttentionParts Of(AttentionArguments arguments)
    {
        var (groups, sharing) = (arguments.Groups * arguments.Sequences, arguments.Heads / arguments.Groups);
        var heads = 1;
        while (heads < sharing && (heads * groups < Units || sharing % heads != 0))
            heads++;
        var blocks = (arguments.Tokens + AttentionBlock.Rows - 1) / AttentionBlock.Rows;
        return new AttentionParts(heads, Math.Clamp((Units + heads * groups - 1) / (heads * groups), 1, blocks));
    }

    /// <summary>The queries of one part, in whole blocks; later ones see more cells, and so parts of them are shorter.</summary>
    public (int First, int End) Queries(AttentionArguments arguments, int part)
    {
        var blocks = (arguments.Tokens + AttentionBlock.Rows - 1) / AttentionBlock.Rows;
        return (Start(part, OfQueries), Start(part + 1, OfQueries));

        int Start(int index, int count) => Math.Min(arguments.Tokens, (int)Math.Round(blocks * Math.Sqrt((double)index / count)) * AttentionBlock.Rows);
    }
}
