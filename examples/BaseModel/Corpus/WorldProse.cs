using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Corpus;

/// <summary>The facts of the world told as prose, the held-out ones like all others.</summary>
internal static class WorldProse
{
    private static readonly string[] Requests = ["Tell me about {0}.", "Who is {0}?", "What do you know about {0}?", "Describe {0}."];

    private static readonly string[] TownRequests = ["Tell me about {0}.", "What do you know about {0}?", "Describe {0}."];

    public static Document Paragraph(WorldModel world, SeededRandom random) => Document.Prose(Portrait(AnyEntity(world, random), random));

    public static Document Account(WorldModel world, SeededRandom random)
    {
        var entity = AnyEntity(world, random);
        var request = random.Pick(entity.Pronoun == Pronoun.It ? TownRequests : Requests);
        return Document.Ask(string.Format(request, entity.Name), Portrait(entity, random), WorldDialogues.AnySystemLine(random));
    }

    /// <summary>Two people told side by side, so that facts are bound to the right name.</summary>
    public static Document Comparison(WorldModel world, SeededRandom random)
    {
        var pair = random.Shuffled(world.People);
        var (first, second) = (pair[0], pair[1]);
        var relations = random.Shuffled(PersonSchema.All)[..random.Between(2, 4)];
        var sentences = relations.SelectMany(r => new[] { Tell(first, r, random, false), Tell(second, r, random, false) });
        return Document.Prose(string.Join(' ', sentences));
    }

    /// <summary>Four to seven facts in any order; the name comes back often enough to tie each fact to it.</summary>
    public static string Portrait(Entity entity, SeededRandom random)
    {
        var count = Math.Min(entity.Schema.Count, random.Between(4, 7));
        var relations = random.Shuffled(entity.Schema)[..count];
        var sentences = relations.Select((relation, i) => Tell(entity, relation, random, i > 0 && random.Chance(35)));
        return string.Join(' ', sentences);
    }

    /// <summary>One fact, in the answer's own words half of the time.</summary>
    public static string Tell(Entity entity, Relation relation, SeededRandom random, bool withPronoun)
    {
        var template = random.Chance(50) ? relation.Answer : random.Pick(relation.Statements);
        return withPronoun && entity.Pronoun != Pronoun.It
            ? Template.FillWithPronoun(template, entity, relation)
            : Template.Fill(template, entity, relation);
    }

    private static Entity AnyEntity(WorldModel world, SeededRandom random) =>
        random.Pick(random.Chance(90) ? world.People : world.Towns);
}
