using LoraBridge.Adapters;
using LoraBridge.Formats;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Merging;

/// <summary>
/// The product of an adapter's two matrices for one weight, computed some rows at a time: dW = left right, with left [rows, R] and
/// right [R, columns], for each expert. Scales are folded into the right factor.
/// </summary>
internal sealed class LowRankUpdate
{
    private readonly float[] _left;
    private readonly float[] _right;
    private readonly int _rank;
    private readonly int _rows;
    private readonly int _columns;

    private LowRankUpdate(float[] left, float[] right, int rank, int rows, int columns)
    {
        _left = left;
        _right = right;
        _rank = rank;
        _rows = rows;
        _columns = columns;
    }

    /// <summary>Reads the matrices of a pair.</summary>
    /// <param name="source">The adapter.</param>
    /// <param name="pair">One of its pairs.</param>
    /// <param name="divisors">
    /// For each expert what the weight is multiplied by apart from the adapter; one value counts for all experts; none counts as 1.
    /// </param>
    internal static LowRankUpdate Read(AdapterSource source, LoraPair pair, ReadOnlySpan<float> divisors)
    {
        var a = source.ReadFloats(pair.A);
        var b = source.ReadFloats(pair.B);
        var rank = pair.Rank;
        // B of an embedding is [R, D], and its rows are looked up by A's: dW = A Bᵀ. Elsewhere A is [D_in, R] and dW = B A.
        var (left, right) = pair.IsTokenEmbedding ? (a, Transpose(b, rank)) : (b, a);
        var experts = checked((int)pair.Experts);
        var update = new LowRankUpdate(left, right, rank, left.Length / rank / experts, right.Length / rank / experts);
        for (var expert = 0; expert < experts; expert++)
        {
            var scale = source.TrueScale(pair);
            if (!divisors.IsEmpty)
                scale /= divisors[divisors.Length == 1 ? 0 : expert];
            foreach (ref var value in right.AsSpan(expert * update.RightLength, update.RightLength))
                value *= scale;
        }

        return update;
    }

    private int RightLength => _rank * _columns;

    /// <summary>Computes rows of dW.</summary>
    /// <param name="expert">The expert, 0 for a weight that has none.</param>
    /// <param name="firstRow">The first row, of the expert's.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="destination">[rows, columns].</param>
    /// <param name="accumulate">Whether the rows are added to what is there.</param>
    internal void Compute(int expert, int firstRow, int rows, Span<float> destination, bool accumulate)
    {
        var left = new LeftFactor(_left.AsSpan((expert * _rows + firstRow) * _rank, rows * _rank), _rank, 1);
        var right = new Rows(_right, expert * RightLength, _columns);
        Gemm.Multiply(left, right, destination, _columns, rows, _rank, 0, _columns, accumulate);
    }

    /// <summary>[rank, n] in ggml order, which is n rows of rank values, to rank rows of n values.</summary>
    private static float[] Transpose(float[] matrix, int rank)
    {
        var n = matrix.Length / rank;
        var transposed = new float[matrix.Length];
        for (var i = 0; i < n; i++)
            for (var r = 0; r < rank; r++)
                transposed[r * n + i] = matrix[i * rank + r];
        return transposed;
    }

    private readonly struct Rows(float[] values, int offset, int columns) : IRowSource
    {
        public void Read(int row, int start, Span<float> destination) =>
            values.AsSpan(offset + row * columns + start, destination.Length).CopyTo(destination);
    }
}
