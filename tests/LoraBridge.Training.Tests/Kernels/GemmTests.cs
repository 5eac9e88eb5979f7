using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Kernels;

public sealed class GemmTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 3, 7)]
    [InlineData(6, 128, 32)]
    [InlineData(7, 129, 33)]
    [InlineData(13, 300, 70)]
    [InlineData(20, 17, 1100)]
    public void Equals_the_plain_triple_loop(int rows, int depth, int columns)
    {
        var random = new Random(rows * 1000 + columns);
        var (a, b, c) = (Values(random, rows * depth), Values(random, depth * columns), Values(random, rows * columns));
        foreach (var (transposed, accumulate) in new[] { (false, false), (false, true), (true, false), (true, true) })
        {
            // The left factor lies as [M, K] or as [K, M]: strides make the transpose.
            float Left(int m, int k) => transposed ? a[k * rows + m] : a[m * depth + k];
            var (found, middle) = (c.ToArray(), columns / 2);
            foreach (var (first, end) in new[] { (0, middle), (middle, columns) })
                Gemm.Multiply(
                    transposed ? new LeftFactor(a, 1, rows) : new LeftFactor(a, depth, 1), new Rows(b, columns), found, columns, rows, depth,
                    first, end, accumulate);

            for (var m = 0; m < rows; m++)
                for (var n = 0; n < columns; n++)
                {
                    double expected = accumulate ? c[m * columns + n] : 0;
                    for (var k = 0; k < depth; k++)
                        expected += (double)Left(m, k) * b[k * columns + n];
                    Assert.Equal(expected, found[m * columns + n], 1e-4);
                }
        }
    }

    private static float[] Values(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];

    private readonly struct Rows(float[] values, int width) : IRowSource
    {
        public void Read(int row, int start, Span<float> destination) =>
            values.AsSpan(row * width + start, destination.Length).CopyTo(destination);
    }
}
