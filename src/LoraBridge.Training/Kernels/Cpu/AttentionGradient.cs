using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// The gradients of attention with respect to q, k, v and sinks, one behind the other.
/// With dp = vᵀ dy, ds = p (dp - Σₙ p dp) and z = scale kᵀq: dz = ds cap′(z), dq = scale Σₙ dz kₙ, dk = scale Σₜ dz qₜ, dv = Σₜ p dyₜ,
/// and a sink of weight p₀, whose value is 0, gets -p₀ Σₙ p dp. Sources: those of attention, and dy [D, H, T, S], contiguous.
/// </summary>
/// <param name="options">How attention weighs.</param>
/// <param name="layout">How the gradients are laid out.</param>
internal sealed class AttentionGradient(AttentionOptions options, AttentionGradientLayout layout) : IProductKernel
{
    /// <summary>
    /// Pieces of work to have at least, for any number of threads: the gradients of keys and values are sums over them, in their order. Each packs its keys
    /// and values anew: more of them would not be worth that.
    /// </summary>
    private const int Pieces = 192;

    /// <summary>The work, in its order.</summary>
    public static AttentionParts PartsOf(AttentionArguments arguments, int workers) => new(arguments, Pieces, workers);

    public double Operations(TensorPtr result)
    {
        var arguments = new AttentionArguments(result, options);
        return 2.0 * arguments.VisiblePairs() * (3 * arguments.KeyLength + 2 * arguments.ValueLength);
    }

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var arguments = new AttentionArguments(result, options);
        using var scratch = new Scratch(AttentionBlock.ScratchFor(arguments) + Workspace.ScratchFor(arguments));
        var room = scratch.Floats;
        var block = new AttentionBlock(arguments, ref room);
        var workspace = new Workspace(arguments, result.Source(options.SourceCount), ref room);
        using var mask = new MaskRows(arguments);
        var dq = Parts.Of(result, arguments).Queries;
        var parts = PartsOf(arguments, work.Workers);
        var sums = work.Share(_ => new OrderedSums<KeyGradients>(
            arguments.Groups * arguments.Sequences, parts.InGroup, (group, piece) => AddTo(result, group, piece)));
        while (work.TryTake(parts.Count, out var index))
        {
            var part = parts[index];
            var (head, sink) = (part.Head, 0f);
            var rows = layout.Queries.Rows(head.Sequence, head.Index, arguments.Heads, arguments.Tokens);
            mask.Select(head);
            var cells = CellRange.Of(mask, part.First, part.End);
            if (block.PackKeys(head, cells))
                workspace.Pack(head, cells);
            var gradients = KeyGradients.For(part, cells, arguments);
            // Where tokens see what came before them, the last see all that the others do: with them, sums start at what these give.
            for (var row = part.Last; row >= part.First; row -= AttentionBlock.Rows)
            {
                block.Weigh(head, row, mask);
                var starts = row == part.Last && block.Sees(cells);
                if (row == part.Last && !starts)
                    gradients.Memory.Floats.Clear();
                sink += workspace.Add(block, head, gradients, starts, dq, rows);
            }
            sums.Add(head.Group, part.BeforeInGroup, gradients with { Sink = sink });
        }
    }

    /// <summary>Adds what some queries give to the gradients of keys and values, and of their head's sink.</summary>
    private void AddTo(TensorPtr result, int group, KeyGradients piece)
    {
        using var memory = piece.Memory;
        var arguments = new AttentionArguments(result, options);
        var sums = Parts.Of(result, arguments);
        var (sequence, index) = Math.DivRem(group, arguments.Groups);
        AddRows(piece.Keys, arguments.KeyLength, sums.Keys, layout.Keys.Rows(sequence, index, arguments.Groups, arguments.Cells));
        AddRows(piece.Values, arguments.ValueLength, sums.Values, layout.Values.Rows(sequence, index, arguments.Groups, arguments.Cells));
        var sink = sequence * arguments.Heads + piece.Part.Head.Index;
        sums.Sinks[sink] = piece.Part.Before == 0 ? piece.Sink : sums.Sinks[sink] + piece.Sink;

        void AddRows(ReadOnlySpan<float> rows, int width, Span<float> all, RowPlaces places)
        {
            for (var cell = 0; cell < arguments.Cells && piece.Part.BeforeInGroup == 0; cell++)
                all.Slice(places[cell] * width, width).Clear();
            for (var cell = 0; cell < piece.Cells.Count; cell++)
            {
                var sum = all.Slice(places[piece.Cells.First + cell] * width, width);
                TensorPrimitives.Add(sum, rows.Slice(cell * TilePacking.Padded(width), width), sum);
            }
        }
    }

    /// <summary>The gradients one by one.</summary>
    private readonly ref struct Parts
    {
        public Span<float> Queries { get; private init; }

        public Span<float> Keys { get; private init; }

        public Span<float> Values { get; private init; }

        public Span<float> Sinks { get; private init; }

        public static Parts Of(TensorPtr result, AttentionArguments arguments)
        {
            var rest = result.Floats;
            var (queries, cells) = ((long)arguments.Tokens * arguments.Heads * arguments.Sequences, (long)arguments.Cells * arguments.Groups * arguments.Sequences);
            return new Parts
            {
                Queries = Sections.Take(ref rest, arguments.KeyLength * queries),
                Keys = Sections.Take(ref rest, arguments.KeyLength * cells),
                Values = Sections.Take(ref rest, arguments.ValueLength * cells),
                Sinks = rest,
            };
        }
    }

    /// <summary>What some queries give to the gradients of the keys and values that they see: a row in whole tiles
    /// for each cell, and room for the tile that reaches over the edge.</summary>
    private sealed record KeyGradients(AttentionPart Part, CellRange Cells, Scratch Memory, int KeysSize)
    {
        public Span<float> Keys => Memory.Floats[..KeysSize];

        public Span<float> Values => Memory.Floats[KeysSize..];

        public static KeyGradients For(AttentionPart part, CellRange cells, AttentionArguments arguments)
        {
            var rows = cells.Padded + MicroKernel.Rows;
            var (keys, values) = (rows * TilePacking.Padded(arguments.KeyLength), rows * TilePacking.Padded(arguments.ValueLength));
            return new KeyGradients(part, cells, new Scratch(checked(keys + values)), keys);
        }

        /// <summary>What they give to the gradient of their head's sink.</summary>
        public float Sink { get; init; }
    }

    /// <summary>What some queries of a head need: keys and values, packed.</summary>
    private readonly ref struct Workspace
    {
        private readonly AttentionArguments _arguments;
        private readonly TensorPtr _dy;
        private readonly Span<float> _keys;
        private readonly Span<float> _values;
        private readonly Span<float> _packedQueries;
        private readonly Span<float> _outputs;
        private readonly Span<float> _packedOutputs;
        private readonly Span<float> _gradients;
        private readonly Span<float> _dq;

        public Workspace(AttentionArguments arguments, TensorPtr dy, ref Span<float> room)
        {
            (_arguments, _dy) = (arguments, dy);
            var (k, d) = (arguments.KeyLength, arguments.ValueLength);
            _keys = Sections.Take(ref room, TilePacking.Size(arguments.PaddedCells, k));
            _values = Sections.Take(ref room, TilePacking.Size(d, arguments.Cells));
            _packedQueries = Sections.Take(ref room, AttentionBlock.RowsFor(k));
            _outputs = Sections.Take(ref room, AttentionBlock.Rows * d);
            _packedOutputs = Sections.Take(ref room, AttentionBlock.RowsFor(d));
            _gradients = Sections.Take(ref room, AttentionBlock.WeightsFor(arguments));
            _dq = Sections.Take(ref room, AttentionBlock.RowsFor(k));
        }

        public static int ScratchFor(AttentionArguments arguments)
        {
            var (k, d) = (arguments.KeyLength, arguments.ValueLength);
            return checked(
                TilePacking.Size(arguments.PaddedCells, k) + TilePacking.Size(d, arguments.Cells) + 2 * AttentionBlock.RowsFor(k)
                + AttentionBlock.Rows * d + AttentionBlock.RowsFor(d) + AttentionBlock.WeightsFor(arguments));
        }

        /// <summary>Packs the keys and values that <paramref name="head"/> meets in some cells.</summary>
        public void Pack(AttentionHead head, CellRange cells)
        {
            var (k, d) = (_arguments.KeyLength, _arguments.ValueLength);
            var keys = _keys[..TilePacking.Size(cells.Padded, k)];
            var values = _values[..TilePacking.Size(d, cells.Count)];
            TilePacking.PackRows(_arguments.Keys(head)[(cells.First * _arguments.KeyStride)..], _arguments.KeyStride, cells.Count, cells.Padded, k, keys);
            TilePacking.PackColumns(_arguments.Values(head)[(cells.First * _arguments.ValueStride)..], _arguments.ValueStride, d, cells.Count, values);
            _arguments.Round(keys);
            _arguments.Round(values);
        }

        /// <summary>Adds what a block gives to the gradients of keys and values, or starts these, and writes that of its queries.</summary>
        /// <returns>What it gives to the gradient of the head's sink.</returns>
        public float Add(AttentionBlock block, AttentionHead head, KeyGradients gradients, bool starts, Span<float> dq, RowPlaces places)
        {
            var (k, d) = (_arguments.KeyLength, _arguments.ValueLength);
            for (var row = 0; row < block.Count; row++)
                _dy.HostSpan<float>(_arguments.ResultOffset(head, block.First + row), d).CopyTo(_outputs[(row * d)..]);
            _outputs[(block.Count * d)..].Clear();
            TilePacking.Multiply(
                new LeftFactor(_outputs, d, 1), _values, d, 0, d, _gradients[block.Packed.First..], block.Stride, block.Count,
                block.FirstCell - block.Packed.First, block.EndCell - block.Packed.First, accumulate: false);
            var sink = 0f;
            for (var row = 0; row < block.Count; row++)
                sink -= block.SinkWeights[row] * block.BackThroughSoftMax(row, _gradients);

            block.Combine(_gradients, _keys, k, _dq);
            for (var row = 0; row < block.Count; row++)
                TensorPrimitives.Multiply(
                    _dq.Slice(row * TilePacking.Padded(k), k), _arguments.Options.QueryFactor, dq.Slice(places[block.First + row] * k, k));
            TilePacking.PackRows(block.Queries, k, block.Count, AttentionBlock.Rows, k, _packedQueries);
            TilePacking.PackRows(_outputs, d, block.Count, AttentionBlock.Rows, d, _packedOutputs);
            block.Scatter(_gradients, _packedQueries, k, gradients.Keys, accumulate: !starts);
            block.Scatter(block.Weights, _packedOutputs, d, gradients.Values, accumulate: !starts);
            return sink;
        }
    }
}

/// <summary>Whether gradients of queries, keys and values are laid out as these are, or by token, as most come out of a product.</summary>
internal readonly record struct AttentionGradientLayout(HeadOrder Queries, HeadOrder Keys, HeadOrder Values);

/// <summary>How rows of heads follow each other.</summary>
/// <param name="ByToken">Whether the heads of a token do, [*, heads, rows]; else the tokens of a head, [*, rows, heads].</param>
internal readonly record struct HeadOrder(bool ByToken)
{
    /// <summary>Where the rows of a head are.</summary>
    public RowPlaces Rows(int sequence, int head, int heads, int rows) =>
        ByToken ? new RowPlaces(sequence * heads * rows + head, heads) : new RowPlaces((sequence * heads + head) * rows, 1);
}

/// <summary>Places of rows, counted in rows.</summary>
/// <param name="First">The first.</param>
/// <param name="Stride">Distance between them.</param>
internal readonly record struct RowPlaces(int First, int Stride)
{
    public int this[int row] => First + row * Stride;
}
