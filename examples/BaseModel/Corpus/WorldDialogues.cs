using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Corpus;

/// <summary>Questions about the fixed facts of the world. Never about a held-out combination.</summary>
internal static class WorldDialogues
{
    public const string OneWord = "Answer in one word.";

    private static readonly string[] SystemLines =
        ["You are a helpful guide.", "You know this land and its people.", "Answer in one short sentence.", "Be friendly and answer the question."];

    /// <summary>A system line that changes nothing, in one dialogue of eight.</summary>
    public static string? AnySystemLine(SeededRandom random) => random.Chance(12) ? random.Pick(SystemLines) : null;

    public static Document Question(WorldModel world, SeededRandom random)
    {
        var (entity, relation) = random.Pick(world.Asked);
        return Document.Ask(Ask(entity, relation, random), entity.Answer(relation), AnySystemLine(random));
    }

    public static Document QuestionInOneWord(WorldModel world, SeededRandom random)
    {
        var (entity, relation) = random.Pick(world.Asked);
        return Document.Ask(Ask(entity, relation, random), entity[relation], OneWord);
    }

    /// <summary>Two to four questions about one person, who is only named in the first.</summary>
    public static Document Interview(WorldModel world, SeededRandom random)
    {
        var person = random.Pick(world.People);
        var relations = random.Shuffled(person.Schema.Where(r => world.MayAsk(person, r)))[..random.Between(2, 4)];
        var turns = relations.SelectMany((relation, turn) => new Message[]
        {
            new("user", turn == 0
                ? Ask(person, relation, random)
                : Template.FillWithPronoun(random.Pick(relation.Questions), person, relation)),
            new("assistant", person.Answer(relation)),
        });
        return Document.Dialogue([.. Document.SystemLine(AnySystemLine(random)), .. turns]);
    }

    /// <summary>Two or three questions about different people or towns.</summary>
    public static Document Quiz(WorldModel world, SeededRandom random)
    {
        var turns = Enumerable.Range(0, random.Between(2, 3)).SelectMany(_ =>
        {
            var (entity, relation) = random.Pick(world.Asked);
            return new Message[] { new("user", Ask(entity, relation, random)), new("assistant", entity.Answer(relation)) };
        });
        return Document.Dialogue([.. Document.SystemLine(AnySystemLine(random)), .. turns.ToArray()]);
    }

    private static string Ask(Entity entity, Relation relation, SeededRandom random) =>
        Template.Fill(random.Pick(relation.Questions), entity, relation);
}
