using LoraBridge.Training;

namespace LoraBridge.Training.Tests;

public class SeededRandomTests
{
    [Fact]
    public void The_generator_is_xoshiro256_star_star()
    {
        // The first outputs of the published C code for the state 1, 2, 3, 4.
        var random = new SeededRandom(new RandomState(1, 2, 3, 4));
        Assert.Equal([11520UL, 0UL, 1509978240UL, 1215971899390074240UL], Enumerable.Range(0, 4).Select(_ => random.NextUInt64()));
    }

    [Fact]
    public void A_saved_state_continues_exactly()
    {
        var random = new SeededRandom(7);
        random.NextGaussian();
        var copy = new SeededRandom(random.State);
        for (var i = 0; i < 100; i++)
            Assert.Equal((random.NextGaussian(), random.NextSingle(), random.Next(10)), (copy.NextGaussian(), copy.NextSingle(), copy.Next(10)));
        Assert.Throws<ArgumentException>(() => new SeededRandom(default(RandomState)));
    }

    [Fact]
    public void Seeds_and_streams_differ_and_repeat()
    {
        Assert.Equal(new SeededRandom(0).NextUInt64(), new SeededRandom(0).NextUInt64());
        ulong[] first = [new SeededRandom(0).NextUInt64(), new SeededRandom(1).NextUInt64(), new SeededRandom(0, 0).NextUInt64(), new SeededRandom(0, 1).NextUInt64(), new SeededRandom(1, 0).NextUInt64()];
        Assert.Equal(first.Length, first.Distinct().Count());
    }

    [Fact]
    public void Moments_are_those_of_the_distributions()
    {
        const int Count = 100_000;
        var random = new SeededRandom(42);
        var gaussian = Enumerable.Range(0, Count).Select(_ => random.NextGaussian()).ToArray();
        Assert.InRange(gaussian.Average(), -0.015, 0.015);
        Assert.InRange(gaussian.Average(x => x * x), 0.98, 1.02);
        Assert.InRange(gaussian.Average(x => x * x * x * x), 2.85, 3.15);
        var uniform = Enumerable.Range(0, Count).Select(_ => random.NextSingle()).ToArray();
        Assert.All(uniform, x => Assert.True(x is >= 0 and < 1));
        Assert.InRange(uniform.Average(), 0.495, 0.505);
        var counts = Enumerable.Range(0, Count).Select(_ => random.Next(3)).CountBy(x => x).ToDictionary();
        Assert.All(counts.Values, count => Assert.InRange(count, Count / 3 - 700, Count / 3 + 700));
        Assert.Equal(3, counts.Count);
    }

    [Fact]
    public void A_shuffle_is_a_permutation()
    {
        var items = Enumerable.Range(0, 100).ToArray();
        new SeededRandom(3).Shuffle<int>(items);
        Assert.NotEqual(Enumerable.Range(0, 100), items);
        Assert.Equal(Enumerable.Range(0, 100), items.Order());
    }
}
