using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// h[r, t] = s Σ_w P[r, w] x[w, t] for an adapter's factor P: h = A x, or dh = s B dy. Sources: P, A [D, R] or B [R, M], and x, all contiguous.
/// </summary>
/// <param name="LiesInRows">Whether P is A.</param>
/// <param name="Scale">s.</param>
internal sealed record LowRankProjection(bool LiesInRows, float Scale = 1) : IProductKernel
{
    public double Operations(TensorPtr result) => 2.0 * result.Source(1).Ne(0) * result.ElementCount;

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var x = result.Source(1);
        var (width, rank) = ((int)x.Ne(0), (int)result.Ne(0));
        var factor = LowRankFactor.Shared(work, result.Source(0), rank, LiesInRows);
        foreach (var rows in work.Ranges(result.Shape.Rows, LowRankKernel.DotRows))
            LowRank.Dots(
                x.HostSpan<float>(rows.Start * width, rows.Length * width), width, factor.Rows, factor.Stride, width, Scale,
                result.HostSpan<float>(rows.Start * rank, rows.Length * rank), rank);
    }
}

/// <summary>
/// dP[r, w] += s Σₜ h[r, t] x[w, t] for an adapter's factor P: dA = dh xᵀ, or dB = s h dyᵀ. Sources: the sum so far, in whose memory the result lies, laid
/// out as A [D, R] or B [R, M]; h and x, contiguous.
/// </summary>
/// <param name="LiesInRows">Whether P is A.</param>
/// <param name="Scale">s.</param>
internal sealed record LowRankGradient(bool LiesInRows, float Scale = 1) : IProductKernel
{
    /// <summary>Columns that are not parted, and pieces of work for each thread: long pieces are read faster.</summary>
    private const int Grain = 64, PiecesPerWorker = 8;

    /// <summary>Rows that are not parted, and in how many parts they are summed at most. What the sums are does not depend on the threads.</summary>
    private const int RowGrain = 64, MostParts = 8;

    public double Operations(TensorPtr result) => 2.0 * result.ElementCount * result.Source(1).Shape.Rows;

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var (h, x) = (result.Source(1), result.Source(2));
        var plan = new Plan((int)x.Ne(0), (int)x.Shape.Rows, work.Workers);
        var (width, rank) = ((int)x.Ne(0), (int)h.Ne(0));
        var sums = work.Share(_ => new OrderedSums<Piece>(plan.Across, plan.Parts, (place, piece) => AddTo(result, plan, place, piece)));
        while (work.TryTake(plan.Items, out var item))
        {
            var (part, place) = ((int)(item / plan.Across), (int)(item % plan.Across));
            var (row, column) = (plan.RowsOf(part), plan.ColumnsOf(place));
            var memory = new Scratch(rank * column.Length);
            LowRank.Outer(
                h.HostSpan<float>(row.Start * rank, row.Length * rank), rank, Scale, x.Floats[(int)(row.Start * width + column.Start)..], width,
                memory.Floats, column.Length, column.Length);
            sums.Add(place, part, new Piece(memory));
        }
    }

    /// <summary>Adds to some columns of the result what some rows give.</summary>
    private void AddTo(TensorPtr result, Plan plan, int place, Piece piece)
    {
        using var memory = piece.Memory;
        var column = plan.ColumnsOf(place);
        var gradient = memory.Floats;
        var rank = gradient.Length / column.Length;
        using var transposed = new Scratch(LiesInRows ? 0 : gradient.Length);
        if (!LiesInRows)
        {
            LowRank.Transpose(gradient, transposed.Floats, rank, rank, column.Length);
            gradient = transposed.Floats;
        }
        var length = LiesInRows ? column.Length : gradient.Length;
        for (var at = 0; at < gradient.Length; at += length)
        {
            var sum = result.HostSpan<float>(LiesInRows ? at / length * result.Ne(0) + column.Start : column.Start * rank, length);
            TensorPrimitives.Add(sum, gradient.Slice(at, length), sum);
        }
    }

    /// <summary>The pieces of the work: some columns of some rows each.</summary>
    /// <param name="width">W.</param>
    /// <param name="rows">T.</param>
    /// <param name="workers">How many threads there are.</param>
    internal readonly struct Plan(int width, int rows, int workers)
    {
        /// <summary>Rows of a piece.</summary>
        private int Rows { get; } = RowGrain * Math.Max(1, (rows + RowGrain * MostParts - 1) / (RowGrain * MostParts));

        /// <summary>Pieces one above the other.</summary>
        public int Parts => (rows + Rows - 1) / Rows;

        /// <summary>Columns of a piece.</summary>
        private int Columns => Grain * Math.Max(1, width * Parts / (Grain * PiecesPerWorker * workers));

        /// <summary>Pieces side by side.</summary>
        public int Across => (width + Columns - 1) / Columns;

        /// <summary>Pieces, those of a part side by side before those of the next.</summary>
        public int Items => Across * Parts;

        public WorkRange RowsOf(int part) => WorkRange.Of(part, Rows, rows);

        public WorkRange ColumnsOf(int place) => WorkRange.Of(place, Columns, width);
    }

    /// <summary>What some rows give to some columns, [R][columns].</summary>
    private sealed record Piece(Scratch Memory);
}
