using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests;

/// <summary>What threads share beside pieces of work: preparations, and sums.</summary>
public sealed class WorkQueueTests
{
    private const int Workers = 4;

    [Fact]
    public void What_is_prepared_is_complete_for_every_thread_and_done_once()
    {
        const int Pieces = 50, Long = 100_000;
        for (var round = 0; round < 20; round++)
        {
            var (done, seen) = (new int[Pieces], new int[Workers]);
            Run((work, worker) =>
            {
                work.Prepare(Pieces, piece =>
                {
                    // One takes so long that others have nothing left to do meanwhile.
                    if (piece == Pieces / 2)
                        Thread.SpinWait(Long);
                    done[piece]++;
                });
                seen[worker] = done.Sum();
            });
            Assert.All(done, count => Assert.Equal(1, count));
            Assert.All(seen, sum => Assert.Equal(Pieces, sum));
        }
    }

    [Fact]
    public void A_preparation_that_fails_is_waited_for_by_nobody()
    {
        var (queue, faults) = (new WorkQueue(new Kernel((work, _) => work.Prepare(8, _ => throw new InvalidDataException()))), 0);
        Parallel(worker =>
        {
            try
            {
                queue.Run(default, worker, Workers);
            }
            catch (InvalidDataException)
            {
                Interlocked.Increment(ref faults);
            }
        });
        Assert.InRange(faults, 1, Workers);
    }

    /// <summary>Pieces that are done in any order are added in theirs, none is lost, and no two are added to a sum at a time.</summary>
    [Fact]
    public void Sums_are_made_in_order_whoever_is_done_first()
    {
        const int Sums = 3, Pieces = 400;
        var random = new Random(5);
        var orders = Enumerable.Range(0, Workers).Select(_ => new List<(int Sum, int Turn)>()).ToArray();
        foreach (var piece in from sum in Enumerable.Range(0, Sums) from turn in Enumerable.Range(0, Pieces) select (sum, turn))
            orders[random.Next(Workers)].Add(piece);
        var added = Enumerable.Range(0, Sums).Select(_ => new List<string>()).ToArray();
        var sums = new OrderedSums<string>(Sums, Pieces, (sum, piece) => added[sum].Add(piece));
        Parallel(worker =>
        {
            var own = orders[worker].ToArray();
            new Random(worker).Shuffle(own);
            foreach (var (sum, turn) in own)
                sums.Add(sum, turn, $"{sum}:{turn}");
        });
        for (var sum = 0; sum < Sums; sum++)
            Assert.Equal(Enumerable.Range(0, Pieces).Select(turn => $"{sum}:{turn}"), added[sum]);
    }

    private static void Run(Action<WorkQueue, int> compute)
    {
        var next = -1;
        var queue = new WorkQueue(new Kernel((work, _) => compute(work, Interlocked.Increment(ref next))));
        queue.Start(new ScratchMemory());
        Parallel(worker => queue.Run(default, worker, Workers));
    }

    private static void Parallel(Action<int> run)
    {
        var threads = Enumerable.Range(0, Workers).Select(worker => new Thread(() => run(worker))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
    }

    private sealed class Kernel(Action<WorkQueue, TensorPtr> compute) : ITensorKernel
    {
        public void Compute(TensorPtr result, WorkQueue work) => compute(work, result);
    }
}
