using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// q [K, T, H, S], k [K, N, G, S], v [D, N, G, S], mask, sinks [H] -> y [D, H, T, S], for H query heads in G groups that share keys and values:
/// with s = cap(scale kᵀq) + slope mask, p = softmax(s) over the N cells and, if there is one, the head's sink, y = Σₙ p vₙ. The mask is
/// [N or more, T, ...] in F16 or F32, or the cells that each token sees, I32 [3, T] (<see cref="SeenCells"/>).
/// The gradient is that of <see cref="AttentionGradient"/>.
/// </summary>
/// <remarks>
/// Weights p are made for a block of queries of one head at a time, and again in the backward pass, so that no memory grows with the square
/// of T; cells that the mask hides from a whole block are not computed. Dao et al., <see href="https://arxiv.org/abs/2205.14135"/>.
/// </remarks>
/// <param name="options">Scale, cap and slopes.</param>
internal sealed class Attention(AttentionOptions options) : IProductKernel, IGradientRule
{
    /// <summary>Pieces of work for each thread.</summary>
    private const int PiecesPerWorker = 8;

    /// <summary>Emits attention; null where its arguments are laid out in a way that this does not take.</summary>
    public static TensorPtr TryEmit(
        GraphBuilder builder, AttentionOptions options, TensorPtr q, TensorPtr k, TensorPtr v, TensorPtr mask, TensorPtr sinks)
    {
        var fits = Takes(q.Shape, k.Shape, v.Shape)
            && (mask.IsNull || mask.Type == GgmlType.I32
                || mask.Ne(0) >= k.Ne(1) && mask.Ne(1) >= q.Ne(1) && mask.IsContiguous && mask.Type is GgmlType.F16 or GgmlType.F32)
            && (sinks.IsNull || sinks.IsFloat && sinks.IsContiguous && sinks.ElementCount == q.Ne(2));
        if (!fits)
            return default;
        TensorPtr[] arguments = [Readable(q), Readable(k), Readable(v), mask, sinks];
        return builder.Custom(
            new Attention(options with { HasMask = !mask.IsNull, HasSinks = !sinks.IsNull }), new Shape(v.Ne(0), q.Ne(2), q.Ne(1), q.Ne(3)), [.. arguments.Where(argument => !argument.IsNull)]);

        TensorPtr Readable(TensorPtr tensor) => tensor.HasContiguousRows && tensor.Nb(1) % sizeof(float) == 0 ? tensor : builder.Contiguous(tensor);
    }

    /// <summary>Whether it takes the arguments of a recorded FLASH_ATTN_EXT, with its mask as intervals.</summary>
    public static bool Takes(TracedTensor node) =>
        node.Sources is [{ Shape: var q }, { Shape: var k }, { Shape: var v }, { Shape: var mask }, .. var sinks] && Takes(q, k, v) && k.Ne1 >= mask.Ne1
        && sinks is [] or [{ IsWeight: true, Type: GgmlType.F32, Shape.Rows: 1 }];

    private static bool Takes(Shape q, Shape k, Shape v) =>
        k.Ne0 == q.Ne0 && v.Ne1 == k.Ne1 && v.Ne2 == k.Ne2 && q.Ne2 % k.Ne2 == 0 && k.Ne3 == q.Ne3 && v.Ne3 == q.Ne3;

    /// <summary>The work of so many threads, in its order.</summary>
    public static AttentionParts PartsOf(AttentionArguments arguments, int workers) => new(arguments, PiecesPerWorker * workers, workers);

    public double Operations(TensorPtr result)
    {
        var arguments = new AttentionArguments(result, options);
        return 2.0 * arguments.VisiblePairs() * (arguments.KeyLength + arguments.ValueLength);
    }

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var arguments = new AttentionArguments(result, options);
        var width = arguments.ValueLength;
        var stride = TilePacking.Padded(width);
        using var scratch = new Scratch(AttentionBlock.ScratchFor(arguments) + TilePacking.Size(arguments.PaddedCells, width) + AttentionBlock.RowsFor(width));
        var room = scratch.Floats;
        var block = new AttentionBlock(arguments, ref room);
        var values = Sections.Take(ref room, TilePacking.Size(arguments.PaddedCells, width));
        var sums = Sections.Take(ref room, AttentionBlock.RowsFor(width));
        using var mask = new MaskRows(arguments);
        var parts = PartsOf(arguments, work.Workers);
        while (work.TryTake(parts.Count, out var index))
        {
            var part = parts[index];
            var head = part.Head;
            mask.Select(head);
            var cells = CellRange.Of(mask, part.First, part.End);
            if (block.PackKeys(head, cells))
            {
                var packed = values[..TilePacking.Size(cells.Padded, width)];
                TilePacking.PackRows(arguments.Values(head)[(cells.First * arguments.ValueStride)..], arguments.ValueStride, cells.Count, cells.Padded, width, packed);
                arguments.Round(packed);
            }
            for (var first = part.First; first < part.End; first += AttentionBlock.Rows)
            {
                block.Weigh(head, first, mask);
                block.Combine(block.Weights, values, width, sums);
                for (var row = 0; row < block.Count; row++)
                    sums.Slice(row * stride, width).CopyTo(result.HostSpan<float>(arguments.ResultOffset(head, block.First + row), width));
            }
        }
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        TensorPtr[] sources = [.. Enumerable.Range(0, options.SourceCount).Select(y.Source), dy];
        var (q, k, v) = (y.Source(0), y.Source(1), y.Source(2));
        // Heads of a token lie side by side where they come from: gradients go there, past the view that takes them apart.
        var (queries, keys, values) = (Target(pass, q), Target(pass, k), Target(pass, v));
        var layout = new AttentionGradientLayout(new HeadOrder(queries != q), new HeadOrder(keys != k), new HeadOrder(values != v));
        var gradients = PackedGradients.Emit(
            builder, new AttentionGradient(options, layout), sources, queries.Shape, keys.Shape, values.Shape, new Shape(q.Ne(2), q.Ne(3)));
        pass.Add(queries, gradients[0]);
        pass.Add(keys, gradients[1]);
        pass.Add(values, gradients[2]);
        if (options.HasSinks && y.Source(options.SinksSource) is var sinks && pass.Needs(sinks))
            pass.Add(sinks, PackedGradients.SumParts(builder, gradients[3], sinks.Shape));
    }

    /// <summary>What the gradient of an argument [K, T, H] is passed to: [K, H, T], where the argument is a view of that.</summary>
    private static TensorPtr Target(BackwardPass pass, TensorPtr argument) =>
        argument.Op == GgmlOp.Permute && argument.OpParams[..4] is [0, 2, 1, 3] && !pass.IsVariable(argument) ? argument.Source(0) : argument;
}
