using LoraBridge.Adapters.Arithmetic;

namespace LoraBridge.Tests.Adapters;

public sealed class LinearAlgebraTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(40, 7)]
    [InlineData(16, 16)]
    public void QrGivesOrthonormalColumnsThatMultiplyBack(int n, int r)
    {
        var columns = Random(n, r, seed: 1);
        double[][] q = [.. columns.Select(column => (double[])column.Clone())];

        var upper = ThinQr.Factor(q);

        for (var i = 0; i < r; i++)
        {
            for (var j = 0; j < r; j++)
                Assert.Equal(i == j ? 1 : 0, Dot(q[i], q[j]), 1e-12);
            for (var k = 0; k < n; k++)
                Assert.Equal(columns[i][k], Enumerable.Range(0, r).Sum(j => q[j][k] * upper[j, i]), 1e-12);
        }
    }

    [Fact]
    public void QrOfDependentColumnsHasZeros()
    {
        double[][] columns = [[1, 2, 3], [2, 4, 6], [0, 0, 0]];

        var upper = ThinQr.Factor(columns);

        Assert.Equal([0, 0, 0], columns[1]);
        Assert.Equal([0, 0, 0], columns[2]);
        Assert.Equal(2 * Math.Sqrt(14), upper[0, 1], 1e-12);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(24)]
    public void SvdMultipliesBackWithFallingValues(int n)
    {
        var columns = Random(n, n, seed: 2);
        var matrix = new double[n, n];
        for (var i = 0; i < n; i++)
            for (var j = 0; j < n; j++)
                matrix[i, j] = columns[j][i];

        var (u, s, v) = JacobiSvd.Decompose(matrix);

        Assert.Equal(s.OrderDescending(), s);
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
            {
                Assert.Equal(i == j ? 1 : 0, Dot(u[i], u[j]), 1e-10);
                Assert.Equal(i == j ? 1 : 0, Dot(v[i], v[j]), 1e-10);
                Assert.Equal(matrix[i, j], Enumerable.Range(0, n).Sum(k => u[k][i] * s[k] * v[k][j]), 1e-10);
            }
        }
    }

    [Fact]
    public void SvdKnowsTheValuesOfADiagonalMatrix()
    {
        var (_, s, _) = JacobiSvd.Decompose(new double[,] { { 0, -2, 0 }, { 3, 0, 0 }, { 0, 0, 0 } });

        Assert.Equal([3, 2, 0], s);
    }

    [Fact]
    public void TruncationToTheFullRankIsExactAndToLessKeepsTheLargestPart()
    {
        var matrix = new LowRankMatrix(Random(30, 6, seed: 3), Random(20, 6, seed: 4));

        var (same, kept, total) = matrix.Truncate(6);
        var (smaller, keptBySmaller, _) = matrix.Truncate(2);
        var (wider, _, _) = matrix.Truncate(9);

        Assert.Equal(total, kept, 1e-9);
        Assert.Equal(9, wider.Rank);
        Assert.Equal(total - keptBySmaller, Distance(matrix, smaller), 1e-8);
        Assert.Equal(0, Distance(matrix, same), 1e-12);
        Assert.Equal(0, Distance(matrix, wider), 1e-12);
    }

    [Fact]
    public void SubspaceIterationFindsALowRankMatrixInNoise()
    {
        var hidden = new LowRankMatrix(Random(70, 3, seed: 5), Random(50, 3, seed: 6));
        var noise = new Random(7);
        var full = new float[70 * 50];
        for (var i = 0; i < full.Length; i++)
            full[i] = (float)(Element(hidden, i / 50, i % 50) + 1e-3 * (noise.NextDouble() - 0.5));

        var (found, kept, _) = SubspaceIteration.Approximate(full, 70, 50, rank: 3, seed: 0).Truncate(3);

        var total = full.Sum(x => (double)x * x);
        Assert.InRange(kept / total, 0.99999, 1.000001);
        Assert.True(Distance(hidden, found) / total < 1e-5);
    }

    private static double Distance(LowRankMatrix a, LowRankMatrix b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Left[0].Length; i++)
            for (var j = 0; j < a.Right[0].Length; j++)
                sum += Math.Pow(Element(a, i, j) - Element(b, i, j), 2);
        return sum;
    }

    private static double Element(LowRankMatrix matrix, int row, int column) =>
        Enumerable.Range(0, matrix.Rank).Sum(r => matrix.Left[r][row] * matrix.Right[r][column]);

    private static double[][] Random(int n, int r, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, r).Select(_ => Enumerable.Range(0, n).Select(_ => random.NextDouble() - 0.5).ToArray())];
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
