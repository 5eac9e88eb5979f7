namespace LoraBridge.Adapters.Arithmetic;

/// <summary>
/// Singular values of a small square matrix, M = U diag(s) Vᵀ, by one-sided Jacobi rotations (Hestenes, 1958): slow for large
/// matrices, accurate to the last bits for all.
/// </summary>
internal static class JacobiSvd
{
    private const int MaximumSweeps = 60;
    private const double Tolerance = 1e-14;

    /// <returns>Columns of U, singular values in falling order, columns of V. Columns of U to singular value 0 are zero.</returns>
    internal static (double[][] U, double[] S, double[][] V) Decompose(double[,] matrix)
    {
        var n = matrix.GetLength(0);
        var columns = new double[n][];
        var v = new double[n][];
        for (var j = 0; j < n; j++)
        {
            columns[j] = new double[n];
            v[j] = new double[n];
            v[j][j] = 1;
            for (var i = 0; i < n; i++)
                columns[j][i] = matrix[i, j];
        }

        for (var sweep = 0; sweep < MaximumSweeps && Sweep(columns, v); sweep++)
        {
        }

        return Sort(columns, v);
    }

    /// <summary>Makes every pair of columns orthogonal; returns whether any was not.</summary>
    private static bool Sweep(double[][] columns, double[][] v)
    {
        var rotated = false;
        for (var p = 0; p < columns.Length; p++)
        {
            for (var q = p + 1; q < columns.Length; q++)
            {
                var (alpha, beta, gamma) = (Dot(columns[p], columns[p]), Dot(columns[q], columns[q]), Dot(columns[p], columns[q]));
                if (Math.Abs(gamma) <= Tolerance * Math.Sqrt(alpha * beta))
                    continue;
                rotated = true;
                var zeta = (beta - alpha) / (2 * gamma);
                var tangent = (zeta >= 0 ? 1 : -1) / (Math.Abs(zeta) + Math.Sqrt(1 + zeta * zeta));
                var cosine = 1 / Math.Sqrt(1 + tangent * tangent);
                Rotate(columns[p], columns[q], cosine, cosine * tangent);
                Rotate(v[p], v[q], cosine, cosine * tangent);
            }
        }

        return rotated;
    }

    private static (double[][] U, double[] S, double[][] V) Sort(double[][] columns, double[][] v)
    {
        var lengths = columns.Select(column => Math.Sqrt(Dot(column, column))).ToArray();
        int[] order = [.. Enumerable.Range(0, columns.Length).OrderByDescending(i => lengths[i])];
        double[][] u = [.. order.Select(i => Array.ConvertAll(columns[i], x => lengths[i] > 0 ? x / lengths[i] : 0))];
        return (u, [.. order.Select(i => lengths[i])], [.. order.Select(i => v[i])]);
    }

    private static void Rotate(double[] p, double[] q, double cosine, double sine)
    {
        for (var i = 0; i < p.Length; i++)
            (p[i], q[i]) = (cosine * p[i] - sine * q[i], sine * p[i] + cosine * q[i]);
    }

    private static double Dot(double[] a, double[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
