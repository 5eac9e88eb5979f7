using System.Numerics.Tensors;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Cells, from the start of a tile on, that some queries see.</summary>
/// <param name="First">The first.</param>
/// <param name="Count">How many.</param>
internal readonly record struct CellRange(int First, int Count)
{
    /// <summary>In whole tiles.</summary>
    public int Padded => TilePacking.Padded(Count);

    /// <summary>What queries from <paramref name="first"/> to <paramref name="end"/> see.</summary>
    public static CellRange Of(MaskRows mask, int first, int end)
    {
        var (least, most) = (int.MaxValue, 0);
        for (var row = first; row < end; row++)
            if (mask[row].Count > 0)
                (least, most) = (Math.Min(least, mask[row].First), Math.Max(most, mask[row].End));
        least = Math.Min(least, most) / MicroKernel.Columns * MicroKernel.Columns;
        return new CellRange(least, most - least);
    }
}

/// <summary>The weights of attention for a block of queries of one head, [rows][cells], between the first and the last cell that one of them sees.</summary>
internal ref struct AttentionBlock
{
    /// <summary>Queries of a block: whole tiles, few enough that their weights for a thousand cells stay in a cache.</summary>
    public const int Rows = 8 * MicroKernel.Rows;

    /// <summary>Cells behind the last that are kept at zero: tiles of the transposed weights reach over the edge. It also keeps rows from lying a power of two apart.</summary>
    private const int Margin = 16;

    private readonly AttentionArguments _arguments;
    private readonly Span<float> _keys;
    private readonly Span<float> _queries;
    private readonly Span<float> _line;
    private readonly Span<float> _slopes;
    private int _group = -1;

    public AttentionBlock(AttentionArguments arguments, ref Span<float> room)
    {
        _arguments = arguments;
        _keys = Sections.Take(ref room, TilePacking.Size(arguments.KeyLength, arguments.Cells));
        _queries = Sections.Take(ref room, Rows * arguments.KeyLength);
        _line = Sections.Take(ref room, arguments.Cells);
        Weights = Sections.Take(ref room, Rows * StrideOf(arguments));
        _slopes = Sections.Take(ref room, arguments.Options.SoftCap == 0 ? 0 : Rows * StrideOf(arguments));
        SinkWeights = Sections.Take(ref room, Rows);
    }

    /// <summary>p, a row for each query, <see cref="Stride"/> apart.</summary>
    public Span<float> Weights { get; }

    /// <summary>The weight of the sink, by query.</summary>
    public Span<float> SinkWeights { get; }

    /// <summary>The queries, scaled, one behind the other.</summary>
    public readonly ReadOnlySpan<float> Queries => _queries;

    /// <summary>Distance between rows of weights.</summary>
    public readonly int Stride => StrideOf(_arguments);

    /// <summary>The first query.</summary>
    public int First { get; private set; }

    /// <summary>Queries of this block.</summary>
    public int Count { get; private set; }

    /// <summary>The first cell that is computed, at the start of a tile.</summary>
    public int FirstCell { get; private set; }

    /// <summary>One past the last cell that is computed: whole tiles.</summary>
    public int EndCell { get; private set; }

    /// <summary>The cells whose keys are packed.</summary>
    public CellRange Packed { get; private set; }

    /// <summary>Numbers that a block takes.</summary>
    public static int ScratchFor(AttentionArguments arguments) => checked(
        TilePacking.Size(arguments.KeyLength, arguments.Cells) + Rows * (arguments.KeyLength + 1) + arguments.Cells
        + Rows * StrideOf(arguments) * (arguments.Options.SoftCap == 0 ? 1 : 2));

    /// <summary>Numbers that a product of a block's weights with <paramref name="columns"/> columns takes.</summary>
    public static int RowsFor(int columns) => Rows * TilePacking.Padded(columns);

    /// <summary>Numbers that the weights of a block take.</summary>
    public static int WeightsFor(AttentionArguments arguments) => Rows * StrideOf(arguments);

    /// <summary>Packs the keys that <paramref name="head"/> meets in some cells, unless it was done for these and the first of them.</summary>
    /// <returns>Whether they were packed; values are to be packed for the same cells.</returns>
    public bool PackKeys(AttentionHead head, CellRange cells)
    {
        if (head.Group == _group && cells.First == Packed.First && cells.Count <= Packed.Count)
            return false;
        (_group, Packed) = (head.Group, cells);
        var keys = _keys[..TilePacking.Size(_arguments.KeyLength, cells.Count)];
        TilePacking.PackColumns(_arguments.Keys(head)[(cells.First * _arguments.KeyStride)..], _arguments.KeyStride, _arguments.KeyLength, cells.Count, keys);
        _arguments.Round(keys);
        return true;
    }

    /// <summary>Whether all of some cells were computed.</summary>
    public readonly bool Sees(CellRange cells) => FirstCell == cells.First && EndCell == cells.First + cells.Padded;

    /// <summary>Computes the weights of the queries from <paramref name="first"/> on.</summary>
    public void Weigh(AttentionHead head, int first, MaskRows mask)
    {
        (First, Count) = (first, Math.Min(Rows, _arguments.Tokens - first));
        LoadQueries(head);
        SetCells(mask);
        TilePacking.Multiply(
            new LeftFactor(_queries, _arguments.KeyLength, 1), _keys, _arguments.KeyLength, 0, _arguments.KeyLength, Weights[Packed.First..], Stride, Count, FirstCell - Packed.First,
            EndCell - Packed.First, accumulate: false);
        var (slope, sink) = (_arguments.Slope(head), _arguments.Sink(head));
        for (var row = 0; row < Count; row++)
        {
            var cells = mask[First + row].Or(FirstCell);
            var weights = Weights.Slice(row * Stride, Stride);
            weights[FirstCell..cells.First].Clear();
            weights[cells.End..(EndCell + Margin)].Clear();
            var seen = weights[cells.First..cells.End];
            Cap(seen, row, cells.First);
            if (!cells.IsPlain)
                mask.AddTo(First + row, cells.First, slope, _line, seen);
            SinkWeights[row] = SoftMax(seen, sink);
        }
    }

    /// <summary>sums = w B, for numbers w that are laid out like the weights and B [<see cref="Packed"/>, width] packed.</summary>
    public readonly void Combine(ReadOnlySpan<float> w, ReadOnlySpan<float> packed, int width, Span<float> sums)
    {
        if (EndCell == FirstCell)
            sums.Clear();
        else
            TilePacking.Multiply(
                new LeftFactor(w[FirstCell..], Stride, 1), packed, Packed.Padded, FirstCell - Packed.First, EndCell - FirstCell, sums, TilePacking.Padded(width),
                Count, 0, width, accumulate: false);
    }

    /// <summary>sums = wᵀ B or sums += wᵀ B, for numbers w that are laid out like the weights and B [rows, width] packed; a row of sums for each of <see cref="Packed"/>.</summary>
    public readonly void Scatter(ReadOnlySpan<float> w, ReadOnlySpan<float> packed, int width, Span<float> sums, bool accumulate)
    {
        var stride = TilePacking.Padded(width);
        TilePacking.Multiply(
            new LeftFactor(w[FirstCell..], 1, Stride), packed, Rows, 0, Count, sums[((FirstCell - Packed.First) * stride)..], stride, EndCell - FirstCell, 0, width, accumulate);
    }

    /// <summary>Turns the gradient of a query's weights into that of its products with the keys: ds = p (dp - Σ p dp), times the slope of the cap.</summary>
    /// <returns>Σ p dp.</returns>
    public readonly float BackThroughSoftMax(int row, Span<float> gradient)
    {
        var line = gradient.Slice(row * Stride, Stride);
        var seen = line[FirstCell..EndCell];
        var mean = RowGradients.SoftMax(Weights.Slice(row * Stride, Stride)[FirstCell..EndCell], seen, seen);
        if (!_slopes.IsEmpty)
            TensorPrimitives.Multiply(seen, _slopes.Slice(row * Stride, Stride)[FirstCell..EndCell], seen);
        line.Slice(EndCell, Margin).Clear();
        return mean;
    }

    private static int StrideOf(AttentionArguments arguments) => arguments.PaddedCells + Margin;

    private readonly void LoadQueries(AttentionHead head)
    {
        var length = _arguments.KeyLength;
        var queries = _arguments.Queries(head);
        for (var row = 0; row < Count; row++)
            TensorPrimitives.Multiply(
                queries.Slice((First + row) * _arguments.QueryStride, length), _arguments.Options.QueryFactor, _queries.Slice(row * length, length));
        _queries[(Count * length)..].Clear();
    }

    private void SetCells(MaskRows mask)
    {
        var seen = CellRange.Of(mask, First, First + Count);
        FirstCell = seen.Count > 0 ? seen.First : Packed.First;
        EndCell = FirstCell + seen.Padded;
    }

    /// <summary>s = c tanh(z), whose slope is c (1 - tanh²), for the products z of one query.</summary>
    private readonly void Cap(Span<float> scores, int row, int firstCell)
    {
        if (_slopes.IsEmpty)
            return;
        var cap = _arguments.Options.SoftCap;
        var line = _slopes.Slice(row * Stride, Stride);
        line[FirstCell..EndCell].Clear();
        var slopes = line.Slice(firstCell, scores.Length);
        TensorPrimitives.Tanh(scores, scores);
        TensorPrimitives.Multiply(scores, scores, slopes);
        TensorPrimitives.Subtract(1f, slopes, slopes);
        TensorPrimitives.Multiply(slopes, cap, slopes);
        TensorPrimitives.Multiply(scores, cap, scores);
    }

    /// <returns>The weight of the sink.</returns>
    private static float SoftMax(Span<float> scores, float sink)
    {
        if (scores.IsEmpty)
            return 0;
        var largest = MathF.Max(TensorPrimitives.Max<float>(scores), sink);
        TensorPrimitives.Subtract(scores, largest, scores);
        TensorPrimitives.Exp(scores, scores);
        var sinkWeight = MathF.Exp(sink - largest);
        var factor = 1 / (TensorPrimitives.Sum<float>(scores) + sinkWeight);
        TensorPrimitives.Multiply(scores, factor, scores);
        return sinkWeight * factor;
    }
}
