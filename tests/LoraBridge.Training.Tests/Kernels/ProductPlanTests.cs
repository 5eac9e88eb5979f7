using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Kernels;

/// <summary>The work of products: that it is all of it, that nobody waits for ever, and that threads are busy, in a replay of who takes what.</summary>
public sealed class ProductPlanTests
{
    /// <summary>What packing 256 elements of a column costs, in rows of A that could be multiplied by them meanwhile.</summary>
    private const double PackingRows = 18;

    [Theory]
    [InlineData(2048, 2048, 43, 1, 1, true)]
    [InlineData(2048, 2048, 43, 1, 24, false)]
    [InlineData(300, 5000, 5, 1, 3, true)]
    [InlineData(300, 5000, 5, 1, 5, false)]
    [InlineData(33, 800, 1, 1, 16, false)]
    [InlineData(896, 4864, 43, 256, 24, false)]
    [InlineData(700, 4500, 3, 32, 6, false)]
    [InlineData(2100, 4500, 6, 32, 1, true)]
    [InlineData(2100, 4500, 9, 32, 14, false)]
    public void ItemsAreAllOfTheProductOnceAndComeAfterWhatTheyNeed(int columns, int depth, int strips, int grain, int workers, bool alone)
    {
        int[] groups = [strips, 1, 2 * strips];
        var plan = new ProductPlan(groups, columns, depth, grain, workers);
        Assert.Equal(alone, plan.PacksAlone);
        Assert.Equal(alone, plan.Lookahead == 0);
        // Who packs alone adds up the whole inner dimension at once.
        Assert.True(!alone || plan.Units.All(unit => unit.Section == 0));
        var (packed, multiplied) = (new int[plan.Units.Count], new int[plan.Units.Count]);
        var (panels, products) = (new HashSet<(int, int)>(), new HashSet<(int, int)>());
        var round = 0;
        for (var index = 0; index < plan.Items; index++)
        {
            var item = plan.Find(index, ref round);
            var unit = plan.Units[item.Unit];
            if (item.IsPacking)
            {
                // Its memory is free.
                if (item.Unit >= plan.Slots)
                    Assert.Equal(plan.Units[item.Unit - plan.Slots].Pieces, multiplied[item.Unit - plan.Slots]);
                Assert.True(panels.Add((item.Unit, item.Index)));
                packed[item.Unit]++;
                continue;
            }
            Assert.Equal(plan.PacksOf(unit), packed[item.Unit]);
            if (unit.Section > 0)
            {
                var before = plan.Units[item.Unit - plan.Across];
                Assert.Equal((unit.Group, unit.FirstColumn, unit.Section - 1), (before.Group, before.FirstColumn, before.Section));
                Assert.Equal(before.Pieces, multiplied[item.Unit - plan.Across]);
            }
            Assert.True(products.Add((item.Unit, item.Index)));
            multiplied[item.Unit]++;
        }

        var covered = new int[groups.Length, columns, depth];
        foreach (var (index, unit) in plan.Units.Index())
        {
            Assert.Equal(unit.Pieces, multiplied[index]);
            var cells = new int[groups[unit.Group], unit.Width];
            for (var i = 0; i < unit.Pieces; i++)
            {
                var piece = unit.Piece(i);
                Assert.InRange(piece.Strips, 1, Math.Min(alone ? 48 : 16, unit.MostStrips));
                Assert.Equal(0, (piece.FirstColumn - unit.FirstColumn) % ProductTile.Columns);
                for (var strip = piece.FirstStrip; strip < piece.EndStrip; strip++)
                    for (var n = 0; n < piece.Width; n++)
                        cells[strip, piece.FirstColumn - unit.FirstColumn + n]++;
            }
            Assert.All(cells.Cast<int>(), count => Assert.Equal(1, count));
            Assert.Equal(unit.IsLast, unit.FirstDepth + unit.Depth == depth);
            for (var n = unit.FirstColumn; n < unit.FirstColumn + unit.Width; n++)
                for (var k = unit.FirstDepth; k < unit.FirstDepth + unit.Depth; k++)
                    covered[unit.Group, n, k]++;
        }
        Assert.All(covered.Cast<int>(), count => Assert.Equal(1, count));
    }

    /// <summary>
    /// Whatever reads rows and columns from far away, where others packed them, reads few for what it multiplies: as much as a square of as many products
    /// does, and half as much again; but for the last pieces, of which there are many, so that no thread waits for another.
    /// </summary>
    [Theory]
    [InlineData(1024, 1024, 256)]
    [InlineData(4096, 1024, 256)]
    [InlineData(1024, 4096, 512)]
    [InlineData(2560, 2560, 512)]
    public void LargePiecesComeFirst(int columns, int depth, int tokens)
    {
        var strips = (tokens + 5) / 6;
        foreach (var workers in new[] { 1, 2, 4, 8, 16, 24 })
        {
            var plan = new ProductPlan([strips], columns, depth, 1, workers);
            var pieces = plan.Units.SelectMany(unit => Enumerable.Range(0, unit.Pieces).Select(index => (Piece: unit.Piece(index), unit.Depth))).ToList();
            var sizes = pieces.Select(piece => piece.Piece.Strips * 6.0 * piece.Piece.Width * piece.Depth).ToList();
            var (work, passed) = (sizes.Sum(), 0.0);
            var read = 0.0;
            foreach (var ((piece, length), size) in pieces.Zip(sizes))
            {
                // A slow thread that takes this piece is done with it before others are with the rest; but who packs for itself does so for some strips at least.
                var least = plan.PacksAlone ? Math.Max(16 * 6.0 * piece.Width * length, work / (6 * workers)) : work / (12 * workers);
                Assert.True(size <= Math.Max(least, (work - passed) / workers), $"{workers} threads: {size / work} at {passed / work}.");
                Assert.True(!plan.PacksAlone || piece.Strips >= Math.Min(8, strips));
                passed += size;
                read += (piece.Strips * 6.0 + piece.Width) * length;
            }
            // As if all pieces had the size of half a thread's share, and were squares.
            var square = Math.Min(Math.Sqrt(strips * 6.0 * columns / (2 * workers)), 96);
            Assert.True(read <= 3 * 2 * strips * 6.0 * columns * depth / square, $"{workers} threads read {read * square / (2.0 * strips * 6 * columns * depth):F2} times as much.");
        }
    }

    /// <summary>Whoever packs alone leaves others columns rather than rows, whose columns they would pack again.</summary>
    [Theory]
    [InlineData(1024, 256, 2)]
    [InlineData(896, 256, 1)]
    [InlineData(4096, 2048, 8)]
    [InlineData(2048, 512, 4)]
    public void ColumnsThatArePackedAloneArePackedOnce(int columns, int tokens, int workers)
    {
        var strips = (tokens + 5) / 6;
        var plan = new ProductPlan([strips], columns, 1024, 32, workers);
        Assert.True(plan.PacksAlone);
        Assert.Contains(plan.Units, unit => workers == 1 || unit.Parts > 1);
        Assert.Equal((strips + 47) / 48 * columns, plan.Units.Sum(unit => Enumerable.Range(0, unit.Pieces).Sum(index => unit.Piece(index).Width)));
    }

    [Fact]
    public void BlocksOfWeightsAreNotParted()
    {
        var plan = new ProductPlan([43], 4096, 1024, 256, workers: 2);
        Assert.True(plan.PacksAlone);
        Assert.All(plan.Units, unit => Assert.Equal(1, unit.Parts));
        Assert.Contains(plan.Units, unit => unit.Blocks > 1);
    }

    /// <summary>Where there are few rows, threads share the columns.</summary>
    [Fact]
    public void OneStripIsPartedByTiles()
    {
        var unit = Assert.Single(new ProductPlan([1], 256, 1024, 1, workers: 8).Units);
        Assert.Equal((8, 1), (unit.Parts, unit.Blocks));
    }

    public static TheoryData<int, int> Machines
    {
        get
        {
            var data = new TheoryData<int, int>();
            foreach (var (workers, slow) in SharedWork.Machines)
                data.Add(workers, slow);
            return data;
        }
    }

    /// <summary>
    /// A row of 512 tokens through the products of layers of usual widths, forward and back, and some cores that take twice as long as the others: together
    /// threads do nothing for 7 % of the time at most.
    /// </summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void ThreadsAreBusy(int workers, int slow)
    {
        var speeds = SharedWork.SpeedsOf(workers, slow);
        foreach (var width in new[] { 896, 1024, 1152, 1536, 2048, 2560, 3072, 4096, 5120 })
        {
            var (work, time) = (0.0, 0.0);
            foreach (var (columns, depth) in new[] { (width, width), (4 * width, width), (width, 4 * width) })
                foreach (var grain in new[] { 1, 256 })
                {
                    var plan = new ProductPlan([(512 + 5) / 6], columns, depth, grain, workers);
                    var (needed, taken) = Replay(plan, speeds);
                    work += needed;
                    time += taken;
                }
            var utilisation = work / (time * speeds.Sum());
            Assert.True(utilisation >= 0.93, $"Width {width}, {workers} threads of which {slow} are slow: {utilisation:F3}.");
        }
    }

    /// <summary>Threads take items in their order, as soon as they are free, and wait for what these need.</summary>
    /// <returns>The work that is needed, and when the last item is done.</returns>
    private static (double Work, double Time) Replay(ProductPlan plan, double[] speeds)
    {
        var free = new double[speeds.Length];
        var (packed, multiplied) = (new double[plan.Units.Count], new double[plan.Units.Count]);
        var (work, round) = (0.0, 0);
        for (var index = 0; index < plan.Items; index++)
        {
            var item = plan.Find(index, ref round);
            var unit = plan.Units[item.Unit];
            var worker = Array.IndexOf(free, free.Min());
            double cost, start = free[worker];
            if (item.IsPacking)
            {
                var across = (unit.Width + plan.PackColumns - 1) / plan.PackColumns;
                var height = Math.Min(256, unit.Depth - item.Index / across * 256);
                cost = PackingRows * height * Math.Min(plan.PackColumns, unit.Width - item.Index % across * plan.PackColumns);
                work += cost;
                start = Math.Max(start, item.Unit >= plan.Slots ? multiplied[item.Unit - plan.Slots] : 0);
            }
            else
            {
                var piece = unit.Piece(item.Index);
                cost = 6.0 * piece.Strips * piece.Width * unit.Depth;
                work += cost;
                // Packing for a piece is work that is needed but for what others pack, too.
                if (plan.PacksAlone)
                {
                    cost += PackingRows * piece.Width * unit.Depth;
                    work += item.Index == 0 ? PackingRows * unit.Width * unit.Depth * ((unit.Strips + 47) / 48) : 0;
                }
                start = Math.Max(start, Math.Max(packed[item.Unit], unit.Section > 0 ? multiplied[item.Unit - plan.Across] : 0));
            }
            free[worker] = start + cost / speeds[worker];
            ref var done = ref (item.IsPacking ? ref packed : ref multiplied)[item.Unit];
            done = Math.Max(done, free[worker]);
        }
        return (work, free.Max());
    }
}
