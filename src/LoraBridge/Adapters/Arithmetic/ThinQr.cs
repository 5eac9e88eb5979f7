using System.Numerics.Tensors;

namespace LoraBridge.Adapters.Arithmetic;

/// <summary>
/// Thin QR of a tall matrix given by its columns: X [n, r] = Q R, Q with orthonormal columns, R [r, r] upper triangular. Modified
/// Gram-Schmidt, done twice, which is as orthogonal as rounding allows (Giraud, Langou and Rozložník, 2005).
/// </summary>
internal static class ThinQr
{
    /// <summary>A column that keeps less than this part of its length depends on the ones before.</summary>
    private const double Dependent = 1e-12;

    /// <summary>Replaces the columns by Q and returns R, row after row. Dependent columns become zero in both.</summary>
    internal static double[,] Factor(double[][] columns)
    {
        var r = new double[columns.Length, columns.Length];
        for (var j = 0; j < columns.Length; j++)
        {
            var column = columns[j];
            var before = TensorPrimitives.Norm<double>(column);
            for (var pass = 0; pass < 2; pass++)
            {
                for (var i = 0; i < j; i++)
                {
                    var projection = TensorPrimitives.Dot<double>(columns[i], column);
                    TensorPrimitives.MultiplyAdd<double>(columns[i], -projection, column, column);
                    r[i, j] += projection;
                }
            }

            var length = TensorPrimitives.Norm<double>(column);
            if (length <= before * Dependent)
            {
                Array.Clear(column);
                continue;
            }

            TensorPrimitives.Divide(column, length, column);
            r[j, j] = length;
        }

        return r;
    }
}
