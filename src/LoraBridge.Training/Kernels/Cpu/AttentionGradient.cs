using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// The gradients of attention with respect to q, k, v and sinks, one behind the other; those of k and v once for each part of a group's heads.
/// With dp = vᵀ dy, ds = p (dp - Σₙ p dp) and z = scale kᵀq: dz = ds cap′(z), dq = scale Σₙ dz kₙ, dk = scale Σₜ dz qₜ, dv = Σₜ p dyₜ,
/// and a sink of weight p₀, whose value is 0, gets -p₀ Σₙ p dp. Sources: those of attention, and dy [D, H, T, S], contiguous.
/// </summary>
/// <param name="options">How attention weighs.</param>
/// <param name="parts">In how many parts the gradients of keys and values are summed.</param>
internal sealed class AttentionGradient(AttentionOptions options, AttentionParts parts) : IProductKernel
{
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

        var rest = result.Floats;
        var dq = Sections.Take(ref rest, (long)arguments.KeyLength * arguments.Tokens * arguments.Heads * arguments.Sequences);
        var dk = Sections.Take(ref rest, (long)arguments.KeyLength * arguments.Cells * arguments.Groups * arguments.Sequences * parts.Count);
        var dv = Sections.Take(ref rest, (long)arguments.ValueLength * arguments.Cells * arguments.Groups * arguments.Sequences * parts.Count);
        var heads = arguments.Heads / arguments.Groups / parts.OfHeads;
        foreach (int unit in work.Items(arguments.Groups * arguments.Sequences * parts.Count))
        {
            // Groups of a sequence lie behind each other, then the sequences, then the parts.
            var (part, group) = Math.DivRem(unit, arguments.Groups * arguments.Sequences);
            var (headPart, queryPart) = Math.DivRem(part, parts.OfQueries);
            var queries = parts.Queries(arguments, queryPart);
            var first = group * (arguments.Heads / arguments.Groups) + headPart * heads;
            block.PackKeys(arguments.Head(first));
            workspace.Begin(arguments.Head(first));
            for (var i = first; i < first + heads; i++)
            {
                var head = arguments.Head(i);
                mask.Select(head);
                var sink = 0f;
                for (var row = queries.First; row < queries.End; row += AttentionBlock.Rows)
                {
                    block.Weigh(head, row, mask);
                    sink += workspace.Add(block, head, dq[((i * arguments.Tokens + row) * arguments.KeyLength)..]);
                }
                rest[queryPart * arguments.Heads * arguments.Sequences + i] = sink;
            }
            workspace.End(
                dk.Slice(unit * arguments.Cells * arguments.KeyLength, arguments.Cells * arguments.KeyLength),
                dv.Slice(unit * arguments.Cells * arguments.ValueLength, arguments.Cells * arguments.ValueLength));
        }
    }

    /// <summary>What one group of keys and values needs: packed, with the sums of their gradients.</summary>
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
        private readonly Span<float> _dk;
        private readonly Span<float> _dv;

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
            _dk = Sections.Take(ref room, SumsFor(arguments, k));
            _dv = Sections.Take(ref room, SumsFor(arguments, d));
        }

        public static int ScratchFor(AttentionArguments arguments)
        {
            var (k, d) = (arguments.KeyLength, arguments.ValueLength);
            return checked(
                TilePacking.Size(arguments.PaddedCells, k) + TilePacking.Size(d, arguments.Cells) + 2 * AttentionBlock.RowsFor(k)
                + AttentionBlock.Rows * d + AttentionBlock.RowsFor(d) + AttentionBlock.WeightsFor(arguments) + SumsFor(arguments, k) + SumsFor(arguments, d));
        }

        /// <summary>Takes the keys and values of <paramref name="head"/>, and starts their gradients at 0.</summary>
        public void Begin(AttentionHead head)
        {
            TilePacking.PackRows(
                _arguments.Keys(head), _arguments.KeyStride, _arguments.Cells, _arguments.PaddedCells, _arguments.KeyLength, _keys);
            TilePacking.PackColumns(_arguments.Values(head), _arguments.ValueStride, _arguments.ValueLength, _arguments.Cells, _values);
            _arguments.Round(_keys);
            _arguments.Round(_values);
            _dk.Clear();
            _dv.Clear();
        }

        /// <summary>Adds what a block gives to the gradients of keys and values, and writes that of its queries.</summary>
        /// <returns>What it gives to the gradient of the head's sink.</returns>
        public float Add(AttentionBlock block, AttentionHead head, Span<float> dq)
        {
            var (k, d) = (_arguments.KeyLength, _arguments.ValueLength);
            for (var row = 0; row < block.Count; row++)
                _dy.HostSpan<float>(_arguments.ResultOffset(head, block.First + row), d).CopyTo(_outputs[(row * d)..]);
            _outputs[(block.Count * d)..].Clear();
            TilePacking.Multiply(
                new LeftFactor(_outputs, d, 1), _values, d, 0, d, _gradients, block.Stride, block.Count, block.FirstCell, block.EndCell, accumulate: false);
            var sink = 0f;
            for (var row = 0; row < block.Count; row++)
                sink -= block.SinkWeights[row] * block.BackThroughSoftMax(row, _gradients);

            block.Combine(_gradients, _keys, k, _dq);
            for (var row = 0; row < block.Count; row++)
                TensorPrimitives.Multiply(
                    _dq.Slice(row * TilePacking.Padded(k), k), _arguments.Options.QueryFactor, dq.Slice(row * k, k));
            TilePacking.PackRows(block.Queries, k, block.Count, AttentionBlock.Rows, k, _packedQueries);
            TilePacking.PackRows(_outputs, d, block.Count, AttentionBlock.Rows, d, _packedOutputs);
            block.Scatter(_gradients, _packedQueries, k, _dk);
            block.Scatter(block.Weights, _packedOutputs, d, _dv);
            return sink;
        }

        /// <summary>Writes the gradients of keys and values.</summary>
        public void End(Span<float> dk, Span<float> dv)
        {
            for (var cell = 0; cell < _arguments.Cells; cell++)
            {
                Row(_dk, _arguments.KeyLength, cell).CopyTo(dk[(cell * _arguments.KeyLength)..]);
                Row(_dv, _arguments.ValueLength, cell).CopyTo(dv[(cell * _arguments.ValueLength)..]);
            }
        }

        private static Span<float> Row(Span<float> sums, int width, int cell) => sums.Slice(cell * TilePacking.Padded(width), width);

        /// <summary>A row for each cell, and room for the tile that reaches over the edge.</summary>
        private static int SumsFor(AttentionArguments arguments, int width) => (arguments.PaddedCells + MicroKernel.Rows) * TilePacking.Padded(width);
    }
}
