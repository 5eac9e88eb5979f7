using System.Runtime.InteropServices;
using LoraBridge.Native.Code;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// x [K, ...] as the left factor of products: in a format, six rows a strip; once for all products with x. With expert ids [U, T], x is [K, B, T] with B
/// dividing U: row (u, t) is x[:, u mod B, t], and the rows of an expert follow each other.
/// Sources: x, contiguous, and, if there are experts, ids. The result is [words of a strip, strips].
/// </summary>
/// <param name="Format">The format.</param>
/// <param name="Matrices">Where there are no experts: matrices that each multiply as many of the rows, which start a strip.</param>
/// <param name="Experts">E; 0 for none.</param>
internal sealed record PackedRows(ProductFormat Format, long Matrices = 1, long Experts = 0) : ITensorKernel
{
    /// <summary>Packs x for all who multiply by it while a stretch of the graph is emitted.</summary>
    /// <param name="builder">Where to emit.</param>
    /// <param name="x">Contiguous.</param>
    /// <param name="ids">Expert ids; null for none.</param>
    public TensorPtr Share(GraphBuilder builder, TensorPtr x, TensorPtr ids = default)
    {
        var strips = ids.IsNull
            ? Matrices * ((x.Shape.Rows / Matrices + ProductTile.Rows - 1) / ProductTile.Rows)
            : RowGroups.MostStrips(ids.ElementCount, Experts);
        return builder.SharedCustom(this, new Shape((x.Ne(0) + ProductTile.Depth - 1) / ProductTile.Depth * Format.StripWords, strips), x, ids);
    }

    /// <summary>The rows of a packed factor, by matrix.</summary>
    public RowGroups Groups(TensorPtr packed)
    {
        var (x, ids) = (packed.Source(0), packed.Source(1));
        return ids.IsNull
            ? RowGroups.Batch((int)(x.Shape.Rows / Matrices), (int)Matrices)
            : RowGroups.ByExpert(ids.HostSpan<int>(0, (int)ids.ElementCount), (int)Experts);
    }

    public void Compute(TensorPtr result, WorkQueue work)
    {
        const int Rows = ProductTile.Rows, Depth = ProductTile.Depth;
        var (x, ids) = (result.Source(0), result.Source(1));
        var depth = (int)x.Ne(0);
        var groups = work.Share(_ => Groups(result));
        foreach (int strip in work.Items(groups.Strips))
        {
            var group = groups.GroupOf(strip);
            for (var r = 0; r < Rows; r++)
            {
                var index = (strip - group.FirstStrip) * Rows + r;
                var values = ValuesOf(groups, group, index);
                // Rows of an expert lie here and there.
                if (!ids.IsNull && ValuesOf(groups, group, index + 1) is { IsEmpty: false } next)
                    CacheHint.Prefetch(in MemoryMarshal.AsBytes(next)[0], 0, next.Length * sizeof(float));
                for (var k = 0; k < depth; k += Depth)
                {
                    var words = result.HostSpan<int>(strip * result.Ne(0) + k / Depth * Format.StripWords, Format.StripWords);
                    var used = words.Slice(r * Format.RowWords, Format.RowWords);
                    if (values.IsEmpty)
                        used.Clear();
                    words[Rows * Format.RowWords + r] = values.IsEmpty ? 0 : BitConverter.SingleToInt32Bits(Format.PackRow(values.Slice(k, Math.Min(Depth, depth - k)), used));
                }
            }
        }

        ReadOnlySpan<float> ValuesOf(RowGroups groups, RowGroup group, int index)
        {
            if (index >= group.Rows)
                return [];
            long row = groups.Row(group, index);
            if (!ids.IsNull)
            {
                var (t, u) = Math.DivRem(row, ids.Ne(0));
                row = t * x.Ne(1) + u % x.Ne(1);
            }
            return x.HostSpan<float>(row * depth, depth);
        }
    }
}
