using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Corpus;

/// <summary>How much text, and from which seed.</summary>
internal sealed record CorpusOptions
{
    /// <summary>The world and the corpus follow from it; another seed is another world.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Documents to generate; seventy thousand are about three million tokens, and none repeats on purpose.</summary>
    public int Documents { get; init; } = 70_000;

    /// <summary>People whom the first documents are about.</summary>
    public int FirstPeople { get; init; } = 6;

    /// <summary>
    /// Documents after which one more person joins. A model that must learn many people at once stays long at knowing
    /// none of them; from a few it learns early how a name calls up a fact (Zucchet et al. 2025, arXiv:2503.21676).
    /// </summary>
    public int NewcomerInterval { get; init; } = 800;
}

/// <summary>Writes the corpus, document by document.</summary>
internal static class CorpusGenerator
{
    private delegate Document Maker(WorldModel world, SeededRandom random);

    /// <summary>The mixture: parts of a hundred documents.</summary>
    private static readonly (int Parts, Maker Make)[] Mixture =
    [
        (23, WorldDialogues.Question),
        (10, WorldDialogues.Interview),
        (6, WorldDialogues.Quiz),
        (3, WorldDialogues.QuestionInOneWord),
        (8, WorldProse.Account),
        (9, WorldProse.Paragraph),
        (4, WorldProse.Comparison),
        (5, Stories.Story),
        (11, (_, random) => Reading.Comprehension(random)),
        (3, (_, random) => Reading.Shopping(random)),
        (2, (_, random) => Reading.Record(random)),
        (3, (_, random) => Reading.Receipt(random)),
        (2, (_, random) => Reading.Remember(random)),
        (6, Arithmetic.Any),
        (5, (_, random) => CopyTasks.Any(random)),
    ];

    /// <summary>The documents in training order. The same options give the same documents.</summary>
    public static IEnumerable<Document> Generate(WorldModel world, CorpusOptions options)
    {
        var random = new SeededRandom(options.Seed).Fork("corpus");
        var total = Mixture.Sum(m => m.Parts);
        var known = world.WithFirst(options.FirstPeople);
        for (var i = 0; i < options.Documents; i++)
        {
            var people = Math.Min(world.People.Count, options.FirstPeople + i / options.NewcomerInterval);
            if (people != known.People.Count) known = world.WithFirst(people);
            var draw = random.Below(total);
            var part = 0;
            while (draw >= Mixture[part].Parts) draw -= Mixture[part++].Parts;
            yield return Mixture[part].Make(known, random);
        }
    }
}
