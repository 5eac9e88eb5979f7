using LoraBridge.Training.Graphs;
using LoraBridge.Native;

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
/// dP[r, w] = s Σₜ h[r, t] x[w, t] for an adapter's factor P: dA = dh xᵀ, or dB = s h dyᵀ. Sources: h and x, contiguous. The result is laid out as A [D, R]
/// or B [R, M].
/// </summary>
/// <param name="LiesInRows">Whether P is A.</param>
/// <param name="Scale">s.</param>
internal sealed record LowRankGradient(bool LiesInRows, float Scale = 1) : IProductKernel
{
    /// <summary>Columns that are not parted, and how many pieces of them a thread gets: long pieces are read faster.</summary>
    private const int Grain = 64, PiecesPerWorker = 3;

    public double Operations(TensorPtr result) => 2.0 * result.ElementCount * result.Source(0).Shape.Rows;

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var (h, x) = (result.Source(0), result.Source(1));
        var (width, rank) = ((int)x.Ne(0), (int)h.Ne(0));
        foreach (var columns in work.Pieces(width, Grain * Math.Max(1, width / (Grain * PiecesPerWorker * work.Workers))))
        {
            var (first, count) = ((int)columns.Start, columns.Length);
            if (LiesInRows)
            {
                var rows = result.Floats[first..];
                for (var r = 0; r < rank; r++)
                    rows.Slice(r * width, count).Clear();
                LowRank.Outer(h.Floats, rank, Scale, x.Floats[first..], width, rows, width, count);
                continue;
            }
            using var scratch = new Scratch(rank * count);
            scratch.Floats.Clear();
            LowRank.Outer(h.Floats, rank, Scale, x.Floats[first..], width, scratch.Floats, count, count);
            LowRank.Transpose(scratch.Floats, result.HostSpan<float>((long)first * rank, count * rank), rank, rank, count);
        }
    }
}
