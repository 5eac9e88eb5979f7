using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Kernels;

/// <summary>The work of products with an adapter's factors: that it is all of it, and that threads are busy.</summary>
public sealed class LowRankPlanTests
{
    private const int Rows = 512;

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1000, 65, 2)]
    [InlineData(4096, 2000, 16)]
    [InlineData(300, 513, 24)]
    public void PiecesAreAllElementsOnceAndRowsAreSharedTheSameWayByAnyThreads(int width, int rows, int workers)
    {
        var plan = new LowRankGradient.Plan(width, rows, workers);
        var covered = new int[width, rows];
        for (var part = 0; part < plan.Parts; part++)
            for (var place = 0; place < plan.Across; place++)
                for (var w = plan.ColumnsOf(place).Start; w < plan.ColumnsOf(place).End; w++)
                    for (var t = plan.RowsOf(part).Start; t < plan.RowsOf(part).End; t++)
                        covered[w, t]++;
        Assert.Equal(plan.Parts * plan.Across, plan.Items);
        Assert.All(covered.Cast<int>(), count => Assert.Equal(1, count));

        var alone = new LowRankGradient.Plan(width, rows, 1);
        Assert.Equal(Enumerable.Range(0, alone.Parts).Select(alone.RowsOf), Enumerable.Range(0, plan.Parts).Select(plan.RowsOf));
    }

    /// <summary>The adapters of a layer of usual width, for a row of 512 tokens: what they project, forward and back, and their gradients.</summary>
    [Theory]
    [InlineData(896)]
    [InlineData(1024)]
    [InlineData(1152)]
    [InlineData(1536)]
    [InlineData(2048)]
    [InlineData(2560)]
    [InlineData(3072)]
    [InlineData(4096)]
    [InlineData(5120)]
    public void ThreadsAreBusy(int width)
    {
        int[] widths = [.. Enumerable.Repeat(width, 11), .. Enumerable.Repeat(4 * width, 3)];
        SharedWork.AssertBusy(
            [
                .. widths.Select(columns => (Func<int, IEnumerable<double>>)(workers => Gradient(columns, workers))),
                .. widths.Select(columns => (Func<int, IEnumerable<double>>)(workers => Projection(columns, workers))),
            ],
            $"Width {width}");
    }

    private static IEnumerable<double> Gradient(int width, int workers)
    {
        var plan = new LowRankGradient.Plan(width, Rows, workers);
        return from part in Enumerable.Range(0, plan.Parts)
               from place in Enumerable.Range(0, plan.Across)
               select (double)plan.RowsOf(part).Length * plan.ColumnsOf(place).Length;
    }

    private static List<double> Projection(int width, int workers)
    {
        var rows = new Recorder(work => work.Ranges(Rows, LowRankKernel.DotRows));
        new WorkQueue(rows).Run(default, 0, workers);
        return [.. rows.Lengths.Select(length => (double)length * width)];
    }

    /// <summary>Takes all of the work, and says in which pieces it came.</summary>
    private sealed class Recorder(Func<WorkQueue, WorkRanges> ranges) : ITensorKernel
    {
        public List<int> Lengths { get; } = [];

        public void Compute(TensorPtr result, WorkQueue work)
        {
            foreach (var range in ranges(work))
                Lengths.Add(range.Length);
        }
    }
}
