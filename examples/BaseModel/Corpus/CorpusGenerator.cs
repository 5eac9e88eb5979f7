using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Corpus;

/// <summary>How much text, and from which seed.</summary>
internal sealed record CorpusOptions
{
    /// <summary>The world and the corpus follow from it; another seed is another world.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Documents to generate; none repeats on purpose.</summary>
    public int Documents { get; init; } = 160_000;

    /// <summary>
    /// The first documents, of which half are copied lines. To find again what stands earlier in the text is what reading
    /// rests on (Olsson et al. 2022, arXiv:2209.11895), and it is learnt suddenly, after much practice: it comes first.
    /// </summary>
    public int CopyingDocuments { get; init; } = 40_000;

    /// <summary>People whom the first documents are about.</summary>
    public int FirstPeople { get; init; } = 6;

    /// <summary>
    /// Documents after which one more person joins. A model that must learn many people at once stays long at knowing
    /// none of them; from a few it learns early how a name calls up a fact (Zucchet et al. 2025, arXiv:2503.21676).
    /// </summary>
    public int NewcomerInterval { get; init; } = 1_600;
}

/// <summary>Writes the corpus, document by document.</summary>
internal static class CorpusGenerator
{
    private delegate Document Maker(WorldModel world, SeededRandom random);

    /// <summary>The mixture of the first documents: parts of a hundred.</summary>
    private static readonly (int Parts, Maker Make)[] Beginning =
    [
        (30, (_, random) => CopyTasks.Echo(random)),
        (20, (_, random) => CopyTasks.Any(random)),
        (14, WorldDialogues.Question),
        (4, WorldDialogues.Interview),
        (6, WorldProse.Paragraph),
        (4, (_, random) => Reading.Remember(random)),
        (9, (_, random) => Reading.Reworded(random)),
        (6, (_, random) => Reading.Shopping(random)),
        (7, Arithmetic.Any),
    ];

    /// <summary>The mixture after that: parts of a hundred documents.</summary>
    private static readonly (int Parts, Maker Make)[] Mixture =
    [
        (18, WorldDialogues.Question),
        (7, WorldDialogues.Interview),
        (5, WorldDialogues.Quiz),
        (2, WorldDialogues.QuestionInOneWord),
        (6, WorldProse.Account),
        (7, WorldProse.Paragraph),
        (3, WorldProse.Comparison),
        (2, Stories.Story),
        (5, (_, random) => Reading.Comprehension(random)),
        (9, (_, random) => Reading.Lesson(random)),
        (5, (_, random) => Reading.Shopping(random)),
        (2, (_, random) => Reading.Record(random)),
        (3, (_, random) => Reading.Receipt(random)),
        (3, (_, random) => Reading.Remember(random)),
        (7, (_, random) => Reading.Reworded(random)),
        (8, Arithmetic.Any),
        (6, (_, random) => CopyTasks.Any(random)),
        (2, (_, random) => CopyTasks.Echo(random)),
    ];

    /// <summary>The documents in training order. The same options give the same documents.</summary>
    public static IEnumerable<Document> Generate(WorldModel world, CorpusOptions options)
    {
        var random = new SeededRandom(options.Seed).Fork("corpus");
        var known = world.WithFirst(options.FirstPeople);
        for (var i = 0; i < options.Documents; i++)
        {
            var people = Math.Min(world.People.Count, options.FirstPeople + i / options.NewcomerInterval);
            if (people != known.People.Count) known = world.WithFirst(people);
            yield return Draw(i < options.CopyingDocuments ? Beginning : Mixture, random)(known, random);
        }
    }

    private static Maker Draw((int Parts, Maker Make)[] mixture, SeededRandom random)
    {
        var draw = random.Below(mixture.Sum(m => m.Parts));
        var part = 0;
        while (draw >= mixture[part].Parts) draw -= mixture[part++].Parts;
        return mixture[part].Make;
    }
}
