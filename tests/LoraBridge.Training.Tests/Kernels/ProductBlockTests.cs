using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Kernels;

public sealed class ProductBlockTests
{
    /// <summary>More workers than grains of columns, fewer, and numbers that do not divide each other.</summary>
    [Theory]
    [InlineData(1, 1024, 256, 1)]
    [InlineData(128, 1024, 256, 2)]
    [InlineData(128, 1024, 256, 6)]
    [InlineData(130, 1024, 256, 16)]
    [InlineData(5, 300, 256, 16)]
    [InlineData(64, 33, 32, 7)]
    public void Workers_share_all_of_a_product_and_nothing_twice(int rows, int columns, int grain, int workers)
    {
        var times = new int[rows, columns];
        for (var worker = 0; worker < workers; worker++)
        {
            var block = ProductBlock.Of(rows, columns, grain, worker, workers);
            Assert.Equal(0, block.FirstColumn % grain);
            Assert.Equal(0, block.FirstRow % FixedPointKernel.Rows);
            for (var row = block.FirstRow; row < block.EndRow; row++)
                for (var column = block.FirstColumn; column < block.EndColumn; column++)
                    times[row, column]++;
        }
        Assert.All(times.Cast<int>(), count => Assert.Equal(1, count));
    }
}
