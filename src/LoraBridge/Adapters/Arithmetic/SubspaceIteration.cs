using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Adapters.Arithmetic;

/// <summary>
/// The largest singular values and vectors of a full matrix, found in a random subspace that is multiplied by the matrix a few times
/// (Halko, Martinsson and Tropp, "Finding structure with randomness", 2011, algorithm 4.4).
/// </summary>
internal static class SubspaceIteration
{
    private const int Oversampling = 8;
    private const int Iterations = 3;

    /// <summary>Approximates a matrix by one of low rank, which still has a few ranks more than asked for.</summary>
    /// <param name="matrix">[rows, columns], row after row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="rank">The rank that will be kept.</param>
    /// <param name="seed">Of the first subspace.</param>
    internal static LowRankMatrix Approximate(ReadOnlySpan<float> matrix, int rows, int columns, int rank, int seed)
    {
        var width = Math.Min(rank + Oversampling, Math.Min(rows, columns));
        var random = new Random(seed);
        double[][] right = [.. Enumerable.Range(0, width).Select(_ => Normal(random, columns))];
        double[][] left = [];
        for (var i = 0; i < Iterations; i++)
        {
            ThinQr.Factor(right);
            left = Multiply(new LeftFactor(matrix, columns, 1), rows, columns, right);
            ThinQr.Factor(left);
            right = Multiply(new LeftFactor(matrix, 1, columns), columns, rows, left);
        }

        // Q (Mᵀ Q)ᵀ = Q Qᵀ M: the matrix, projected on the subspace.
        return new LowRankMatrix(left, right);
    }

    /// <summary>Columns of a product of [rows, depth] with vectors of length depth.</summary>
    private static double[][] Multiply(LeftFactor factor, int rows, int depth, double[][] vectors)
    {
        var product = new float[(rows + MicroKernel.Rows) * vectors.Length + MicroKernel.Columns];
        Gemm.Multiply(factor, new Columns(vectors), product, vectors.Length, rows, depth, 0, vectors.Length, accumulate: false);
        var columns = new double[vectors.Length][];
        for (var j = 0; j < vectors.Length; j++)
        {
            columns[j] = new double[rows];
            for (var i = 0; i < rows; i++)
                columns[j][i] = product[i * vectors.Length + j];
        }

        return columns;
    }

    private static double[] Normal(Random random, int length)
    {
        var values = new double[length];
        for (var i = 0; i < length; i++)
            values[i] = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return values;
    }

    private readonly struct Columns(double[][] vectors) : IRowSource
    {
        public void Read(int row, int start, Span<float> destination)
        {
            for (var i = 0; i < destination.Length; i++)
                destination[i] = (float)vectors[start + i][row];
        }
    }
}
