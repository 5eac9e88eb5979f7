using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// y = W x + s P h + z on the CPU, in which all but one of the terms may be missing: a linear layer with an adapter (P = B), and the gradient with
/// respect to its input (W transposed, x = dy, P = A, h = dh). W may be several matrices, each for some of the rows of x, or for those that an expert gets.
/// Sources, as far as they are there: x packed by <see cref="PackedRows"/>, W; P, h [R, T]; z.
/// </summary>
internal sealed record LinearProduct : IProductKernel
{
    /// <summary>How x is packed, and in which numbers W x is computed; null where it is missing.</summary>
    public PackedRows? Left { get; init; }

    /// <summary>Whether y[k] = Σₘ W[k, m] x[m], the product of a gradient; else y[m] = Σₖ W[k, m] x[k].</summary>
    public bool IsTransposed { get; init; }

    /// <summary>Where W is kept packed for the gradient; null packs it each time.</summary>
    public PanelCache? Cache { get; init; }

    /// <summary>s, where there is s P h.</summary>
    public float? Scale { get; init; }

    /// <summary>Whether there is z.</summary>
    public bool HasAddend { get; init; }

    private int UpdateSource => Left is null ? 0 : 2;

    private int AddendSource => UpdateSource + (Scale is null ? 0 : 2);

    /// <summary>Sources that the kernel reads; others may follow.</summary>
    public int SourceCount => AddendSource + (HasAddend ? 1 : 0);

    /// <summary>W; null where it is missing.</summary>
    public TensorPtr Weight(TensorPtr result) => Left is null ? default : result.Source(1);

    /// <summary>P; null where it is missing.</summary>
    public TensorPtr Factor(TensorPtr result) => Scale is null ? default : result.Source(UpdateSource);

    /// <summary>h; null where it is missing.</summary>
    public TensorPtr Projection(TensorPtr result) => Scale is null ? default : result.Source(UpdateSource + 1);

    /// <summary>z; null where it is missing.</summary>
    public TensorPtr Addend(TensorPtr result) => HasAddend ? result.Source(AddendSource) : default;

    public double Operations(TensorPtr result)
    {
        var weight = Weight(result);
        var depth = weight.IsNull ? 0 : weight.Ne(IsTransposed ? 1 : 0);
        return 2.0 * (depth + (Scale is null ? 0 : Projection(result).Ne(0))) * result.ElementCount;
    }

    public void Compute(TensorPtr result, WorkQueue work)
    {
        if (Left is null)
        {
            Update(result, work);
            return;
        }
        var run = work.Share(queue => Begin(result, queue));
        run.Compute(work, result, (rows, piece, sums) => Start(result, rows, piece, sums));
    }

    private ProductRun Begin(TensorPtr result, WorkQueue work)
    {
        var (left, weight) = (result.Source(0), Weight(result));
        var copy = IsTransposed && weight.Shape.Rows == weight.Ne(1) ? Cache?.Of(weight) : null;
        // Heads of a group share a matrix: those of x are a multiple of those of W.
        var (heads, shared2, shared3) = (result.Ne(2), result.Ne(2) / weight.Ne(2), result.Ne(3) / weight.Ne(3));
        var byExpert = Left!.Experts > 0;
        return new ProductRun(
            Left.Format, left, Left.Groups(left),
            matrix => byExpert || Left.Matrices == 1
                ? new PanelSource(weight, matrix, 0, IsTransposed, copy)
                : new PanelSource(weight, matrix % heads / shared2, matrix / heads / shared3, IsTransposed),
            (int)result.Ne(0), (int)weight.Ne(IsTransposed ? 1 : 0), work);
    }

    /// <summary>sums = s P h + z.</summary>
    private void Start(TensorPtr result, ReadOnlySpan<int> rows, ProductPiece piece, Span<float> sums)
    {
        const int Stride = ProductTile.GroupColumns;
        if (HasAddend)
            for (var i = 0; i < rows.Length; i++)
                Addend(result).HostSpan<float>(rows[i] * result.Ne(0) + piece.FirstColumn, piece.Width).CopyTo(sums[(i * Stride)..]);
        else if (Scale is null)
            sums.Clear();
        if (Scale is not { } scale)
            return;
        var (p, h) = (Factor(result), Projection(result));
        var rank = (int)h.Ne(0);
        using var scratch = new Scratch(rows.Length * rank);
        for (var i = 0; i < rows.Length; i++)
            h.HostSpan<float>((long)rows[i] * rank, rank).CopyTo(scratch.Floats[(i * rank)..]);
        using var factor = LowRankFactor.Of(p, rank, IsTransposed, piece.FirstColumn, piece.Width);
        LowRank.Update(scratch.Floats, rank, scale, factor.Rows, factor.Stride, HasAddend ? sums : default, sums, Stride, piece.Width);
    }

    /// <summary>y = s P h + z, of which each thread computes some rows.</summary>
    private void Update(TensorPtr result, WorkQueue work)
    {
        var (p, h) = (Factor(result), Projection(result));
        var (width, rank) = ((int)result.Ne(0), (int)h.Ne(0));
        var factor = LowRankFactor.Shared(work, p, rank, IsTransposed);
        foreach (var rows in work.Ranges(result.Shape.Rows, ProductTile.Rows))
        {
            var (at, length) = (rows.Start * width, rows.Length * width);
            LowRank.Update(
                h.HostSpan<float>(rows.Start * rank, rows.Length * rank), rank, Scale!.Value, factor.Rows, factor.Stride,
                HasAddend ? Addend(result).HostSpan<float>(at, length) : default, result.HostSpan<float>(at, length), width, width);
        }
    }
}
