using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.Tasks;
using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.BaseModel.Tests;

public sealed class DeterminismTests
{
    [Fact]
    public void The_same_seed_gives_the_same_corpus()
    {
        Assert.Equal(Corpus(7), Corpus(7));
        Assert.NotEqual(Corpus(7), Corpus(8));
    }

    [Fact]
    public void A_longer_corpus_starts_with_the_shorter_one() => Assert.Equal(Corpus(7), Corpus(7, 900)[..300]);

    [Fact]
    public void The_first_draws_of_the_generator_are_those_of_SplitMix64()
    {
        // Reference values of the algorithm for seed 1234567.
        var random = new SeededRandom(1234567);
        Assert.Equal(6457827717110365317UL, random.NextBits());
        Assert.Equal(3203168211198807973UL, random.NextBits());
        Assert.Equal(9817491932198370423UL, random.NextBits());
    }

    [Fact]
    public void The_committed_data_sets_are_what_the_generator_writes()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "data");
        foreach (var (name, documents) in TaskFiles.Create(WorldModel.Create(1), 1))
        {
            var expected = string.Concat(documents.Select(d => d.ToJsonLine() + "\n"));
            Assert.True(expected == File.ReadAllText(Path.Combine(folder, name)), $"{name} differs: write it again with `BaseModel tasks`");
        }
    }

    private static string[] Corpus(ulong seed, int documents = 300) =>
        [.. CorpusGenerator.Generate(WorldModel.Create(seed), new CorpusOptions { Seed = seed, Documents = documents }).Select(d => d.ToJsonLine())];
}
