using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// The gradients of attention with respect to q, k, v and sinks, one behind the other.
/// With dp = vᵀ dy, ds = p (dp - Σₙ p dp) and z = scale kᵀq: dz = ds cap′(z), dq = scale Σₙ dz kₙ, dk = scale Σₜ dz qₜ, dv = Σₜ p dyₜ,
/// and a sink of weight p₀, whose value is 0, gets -p₀ Σₙ p dp. Sources: those of attention, and dy [D, H, T, S], contiguous.
/// </summary>
/// <param name="options">How attention weighs.</param>
internal sealed class AttentionGradient(AttentionOptions options) : IProductKernel
{
    /// <summary>
    /// Pieces of work to have at least, for any number of threads: the gradients of keys and values are sums over them, in their order. Each packs its keys
    /// and values anew: more of them would not be worth that.
    /// </summary>
    private const int Pieces = 192;

    /// <summary>The work, in its order.</summary>
    public static AttentionParts PartsOf(AttentionArguments arguments) => new(arguments, Pieces);

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
        var parts = PartsOf(arguments);
        var groups = arguments.Groups * arguments.Sequences;
        var sums = work.Share(_ => new OrderedSums<KeyGradients>(groups, parts.Count / groups, (group, piece) => AddTo(result, group, piece)));
        while (work.TryTake(parts.Count, out var index))
        {
            var part = parts[index];
            var (head, sink) = (part.Head, 0f);
            mask.Select(head);
            var cells = CellRange.Of(mask, part.First, part.End);
            block.PackKeys(head, cells);
            var gradients = workspace.Begin(part, cells);
            // Where tokens see what came before them, the last see all that the others do: with them, sums start at what these give.
            for (var row = part.Last; row >= part.First; row -= AttentionBlock.Rows)
            {
                block.Weigh(head, row, mask);
                var starts = row == part.Last && block.SeesAll;
                if (row == part.Last && !starts)
                    gradients.Memory.Floats.Clear();
                sink += workspace.Add(block, head, gradients, starts, dq[((Number(arguments, head) * arguments.Tokens + row) * arguments.KeyLength)..]);
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
        var sink = Number(arguments, piece.Part.Head);
        var (keys, values) = (arguments.KeyLength * arguments.Cells, arguments.ValueLength * arguments.Cells);
        AddRows(piece.Keys, arguments.KeyLength, sums.Keys.Slice(group * keys, keys));
        AddRows(piece.Values, arguments.ValueLength, sums.Values.Slice(group * values, values));
        sums.Sinks[sink] = piece.Part.Before == 0 ? piece.Sink : sums.Sinks[sink] + piece.Sink;

        void AddRows(ReadOnlySpan<float> rows, int width, Span<float> all)
        {
            if (piece.Part.BeforeInGroup == 0)
                all.Clear();
            for (var cell = 0; cell < piece.Cells.Count; cell++)
            {
                var sum = all.Slice((piece.Cells.First + cell) * width, width);
                TensorPrimitives.Add(sum, rows.Slice(cell * TilePacking.Padded(width), width), sum);
            }
        }
    }

    private static int Number(AttentionArguments arguments, AttentionHead head) => head.Sequence * arguments.Heads + head.Index;

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

    /// <summary>What some queries give to the gradients of the keys and values that they see: rows in whole tiles, a row for each cell and some to spare.</summary>
    private sealed record KeyGradients(AttentionPart Part, CellRange Cells, Scratch Memory, int KeysSize)
    {
        public Span<float> Keys => Memory.Floats[..KeysSize];

        public Span<float> Values => Memory.Floats[KeysSize..];

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

        /// <summary>Takes the keys and values that some queries see.</summary>
        /// <returns>Room for their gradients.</returns>
        public KeyGradients Begin(AttentionPart part, CellRange cells)
        {
            var (k, d) = (_arguments.KeyLength, _arguments.ValueLength);
            var keys = _keys[..TilePacking.Size(cells.Padded, k)];
            var values = _values[..TilePacking.Size(d, cells.Count)];
            TilePacking.PackRows(_arguments.Keys(part.Head)[(cells.First * _arguments.KeyStride)..], _arguments.KeyStride, cells.Count, cells.Padded, k, keys);
            TilePacking.PackColumns(_arguments.Values(part.Head)[(cells.First * _arguments.ValueStride)..], _arguments.ValueStride, d, cells.Count, values);
            _arguments.Round(keys);
            _arguments.Round(values);
            // There is room for the tile that reaches over the edge.
            var rows = cells.Padded + MicroKernel.Rows;
            var memory = new Scratch(checked(rows * (TilePacking.Padded(k) + TilePacking.Padded(d))));
            return new KeyGradients(part, cells, memory, rows * TilePacking.Padded(k));
        }

        /// <summary>Adds what a block gives to the gradients of keys and values, or starts these, and writes that of its queries.</summary>
        /// <returns>What it gives to the gradient of the head's sink.</returns>
        public float Add(AttentionBlock block, AttentionHead head, KeyGradients gradients, bool starts, Span<float> dq)
        {
            var (k, d) = (_arguments.KeyLength, _arguments.ValueLength);
            for (var row = 0; row < block.Count; row++)
                _dy.HostSpan<float>(_arguments.ResultOffset(head, block.First + row), d).CopyTo(_outputs[(row * d)..]);
            _outputs[(block.Count * d)..].Clear();
            TilePacking.Multiply(
                new LeftFactor(_outputs, d, 1), _values, d, 0, d, _gradients[block.Cells.First..], block.Stride, block.Count,
                block.FirstCell - block.Cells.First, block.EndCell - block.Cells.First, accumulate: false);
            var sink = 0f;
            for (var row = 0; row < block.Count; row++)
                sink -= block.SinkWeights[row] * block.BackThroughSoftMax(row, _gradients);

            block.Combine(_gradients, _keys, k, _dq);
            for (var row = 0; row < block.Count; row++)
                TensorPrimitives.Multiply(
                    _dq.Slice(row * TilePacking.Padded(k), k), _arguments.Options.QueryFactor, dq.Slice(row * k, k));
            TilePacking.PackRows(block.Queries, k, block.Count, AttentionBlock.Rows, k, _packedQueries);
            TilePacking.PackRows(_outputs, d, block.Count, AttentionBlock.Rows, d, _packedOutputs);
            block.Scatter(_gradients, _packedQueries, k, gradients.Keys, accumulate: !starts);
            block.Scatter(block.Weights, _packedOutputs, d, gradients.Values, accumulate: !starts);
            return sink;
        }
    }
}
