using System.Numerics.Tensors;

namespace LoraBridge.Adapters.Arithmetic;

/// <summary>
/// A matrix dW [rows, columns] of low rank, the sum of R outer products: left[r] has the rows' length, right[r] the columns'.
/// </summary>
internal sealed record LowRankMatrix(double[][] Left, double[][] Right)
{
    internal int Rank => Left.Length;

    /// <summary>The sum of matrices of one shape, each times a factor; its rank is the sum of theirs.</summary>
    internal static LowRankMatrix Concatenate(IEnumerable<(LowRankMatrix Matrix, double Factor)> terms)
    {
        var (left, right) = (new List<double[]>(), new List<double[]>());
        foreach (var (matrix, factor) in terms)
        {
            left.AddRange(matrix.Left.Select(column => Array.ConvertAll(column, x => x * factor)));
            right.AddRange(matrix.Right);
        }

        return new LowRankMatrix([.. left], [.. right]);
    }

    /// <summary>
    /// Adds the factors of matrices of one rank, each times the square root of its weight: not the sum of the matrices. The sign of a
    /// weight goes to the left factor, so that one matrix alone is multiplied by its weight.
    /// </summary>
    /// <exception cref="ArgumentException">The ranks differ.</exception>
    internal static LowRankMatrix AddFactors(IReadOnlyList<(LowRankMatrix Matrix, double Weight)> terms)
    {
        if (terms.Any(term => term.Matrix.Rank != terms[0].Matrix.Rank))
            throw new ArgumentException($"The adapters have ranks {string.Join(", ", terms.Select(term => term.Matrix.Rank))}, expected one rank.", nameof(terms));
        return new LowRankMatrix(
            Sum(matrix => matrix.Left, weight => Math.CopySign(Math.Sqrt(Math.Abs(weight)), weight)),
            Sum(matrix => matrix.Right, weight => Math.Sqrt(Math.Abs(weight))));

        double[][] Sum(Func<LowRankMatrix, double[][]> factor, Func<double, double> share)
        {
            var sum = factor(terms[0].Matrix).Select(column => new double[column.Length]).ToArray();
            foreach (var (matrix, weight) in terms)
                for (var r = 0; r < sum.Length; r++)
                    TensorPrimitives.MultiplyAdd<double>(factor(matrix)[r], share(weight), sum[r], sum[r]);
            return sum;
        }
    }

    /// <summary>
    /// The best approximation of a rank (Eckart and Young): left = Ql Rl, right = Qr Rr, and the singular values of dW are those of the
    /// small Rl Rrᵀ. They are shared evenly between both factors.
    /// </summary>
    /// <param name="rank">The rank; more than there is fills up with zeros.</param>
    /// <returns>The approximation, the energy |dW|² that it keeps, and the energy that there was.</returns>
    internal (LowRankMatrix Matrix, double Kept, double Total) Truncate(int rank)
    {
        double[][] left = [.. Left.Select(column => (double[])column.Clone())];
        double[][] right = [.. Right.Select(column => (double[])column.Clone())];
        var core = MultiplyTransposed(ThinQr.Factor(left), ThinQr.Factor(right));
        var (u, s, v) = JacobiSvd.Decompose(core);
        var kept = Math.Min(rank, s.Length);
        return (
            new LowRankMatrix(Combine(left, u, s, rank), Combine(right, v, s, rank)),
            s.Take(kept).Sum(x => x * x),
            s.Sum(x => x * x));
    }

    /// <summary>Columns of basis · vectors · sqrt(s).</summary>
    private static double[][] Combine(double[][] basis, double[][] vectors, double[] s, int rank)
    {
        var result = new double[rank][];
        for (var r = 0; r < rank; r++)
        {
            result[r] = new double[basis[0].Length];
            for (var i = 0; r < s.Length && i < basis.Length; i++)
                TensorPrimitives.MultiplyAdd<double>(basis[i], vectors[r][i] * Math.Sqrt(s[r]), result[r], result[r]);
        }

        return result;
    }

    private static double[,] MultiplyTransposed(double[,] a, double[,] b)
    {
        var n = a.GetLength(0);
        var product = new double[n, n];
        for (var i = 0; i < n; i++)
            for (var j = 0; j < n; j++)
                for (var k = 0; k < n; k++)
                    product[i, j] += a[i, k] * b[j, k];
        return product;
    }
}
