using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Corpus;

/// <summary>
/// A short text about somebody new and a question that the text answers. Names and facts are drawn anew each time, so
/// the only way to be right is to read.
/// </summary>
internal static class Reading
{
    private static readonly Relation[][] Schemas = [PersonSchema.All, PersonSchema.All, PersonSchema.All, TownSchema.All, ArticleSchema.All, CompanySchema.All];

    public static Document Comprehension(SeededRandom random) => Read(random, 1);

    /// <summary>The same with up to three questions, one after the other.</summary>
    public static Document Lesson(SeededRandom random) => Read(random, random.Between(2, 3));

    private static Document Read(SeededRandom random, int questions)
    {
        var schema = random.Pick(Schemas);
        var first = Stranger(schema, random);
        List<Entity> entities = [first];
        var relations = random.Shuffled(schema)[..random.Between(1, 3)];
        var sentences = relations.Select(r => WorldProse.Tell(first, r, random, false)).ToList();
        if (random.Chance(50))
        {
            // A second name with other values: what counts is whose fact it is.
            var second = Stranger(schema, random);
            while (second.Name == first.Name) second = Stranger(schema, random);
            sentences.AddRange(relations.Select(r => WorldProse.Tell(second, r, random, false)));
            entities.Add(second);
        }
        var (text, turns) = (string.Join(' ', random.Shuffled(sentences)) + " ", new List<Message>());
        for (var i = 0; i < questions; i++)
        {
            var (entity, asked) = (random.Pick(entities), random.Pick(relations));
            turns.Add(new("user", text + Template.Fill(random.Pick(asked.Questions), entity, asked)));
            turns.Add(new("assistant", entity.Answer(asked)));
            text = "";
        }
        return Document.Dialogue([.. Document.SystemLine(WorldDialogues.AnySystemLine(random)), .. turns]);
    }

    /// <summary>A purchase told from its record; the model learns to read JSON but never sees it as an answer to a sentence.</summary>
    public static Document Receipt(SeededRandom random)
    {
        var purchase = Purchase.Draw(Buyer(random), random);
        return Document.Ask("Read this: " + purchase.ToJson(), purchase.Summary);
    }

    /// <summary>A purchase told in other words, or noted down. Which words are whose is all that the note asks for.</summary>
    public static Document Reworded(SeededRandom random)
    {
        var purchase = Purchase.Draw(Buyer(random), random);
        return random.Chance(40)
            ? Document.Ask("Say it plainly: " + purchase.Tell(random), purchase.Summary)
            : Document.Ask("Take a note: " + purchase.Tell(random), purchase.Note);
    }

    /// <summary>A question about a record between braces.</summary>
    public static Document Record(SeededRandom random)
    {
        var schema = random.Pick(Schemas);
        var stranger = Stranger(schema, random);
        var relations = random.Shuffled(schema)[..random.Between(2, 3)];
        var fields = relations.Select(r => $"\"{r.Key}\": {(r.Range is null ? $"\"{stranger[r]}\"" : stranger[r])}");
        var asked = random.Pick(relations);
        var question = Template.Fill(random.Pick(asked.Questions), stranger, asked);
        return Document.Ask($"{{\"name\": \"{stranger.Name}\", {string.Join(", ", fields)}}} {question}", stranger.Answer(asked));
    }

    /// <summary>Somebody learns a fact in one turn and is asked for it in the next.</summary>
    public static Document Remember(SeededRandom random)
    {
        var schema = random.Pick(Schemas);
        var stranger = Stranger(schema, random);
        var relation = random.Pick(schema);
        return Document.Dialogue(
            new("user", "Remember this: " + WorldProse.Tell(stranger, relation, random, false)),
            new("assistant", "I will remember it."),
            new("user", Template.Fill(random.Pick(relation.Questions), stranger, relation)),
            new("assistant", stranger.Answer(relation)));
    }

    /// <summary>How many things of which colour does somebody have?</summary>
    public static Document Shopping(SeededRandom random)
    {
        var purchase = Purchase.Draw(Buyer(random), random);
        var (name, count, colour, items) = purchase;
        var (question, answer) = random.Below(4) switch
        {
            0 => ($"How many {items} are there?", $"There are {count} {items}."),
            1 => ($"What colour are the {items}?", $"The {items} are {colour}."),
            2 => ($"Who has the {items}?", $"{name} has the {items}."),
            _ => ("What things are there?", $"There are {items}."),
        };
        return Document.Ask($"{purchase.Tell(random)} {question}", answer, WorldDialogues.AnySystemLine(random));
    }

    /// <summary>An entity nobody has heard of; one value of ten is an invented word, too.</summary>
    private static Entity Stranger(Relation[] schema, SeededRandom random)
    {
        var pronoun = schema == PersonSchema.All ? (random.Chance(50) ? Pronoun.She : Pronoun.He) : Pronoun.It;
        var name = schema == PersonSchema.All && random.Chance(85) ? random.Pick(Words.Strangers) : NameForge.Invent(random);
        var entity = WorldModel.Populate(name, pronoun, schema, random);
        var facts = entity.Facts.ToDictionary(
            f => f.Key,
            f => schema.Single(r => r.Key == f.Key).Range is null && random.Chance(10) ? Invented(f.Value, random) : f.Value);
        return entity with { Facts = facts };
    }

    private static string Buyer(SeededRandom random) =>
        random.Chance(20) ? NameForge.Invent(random) : random.Pick(random.Pick([Words.Women, Words.Men, Words.Strangers]));

    private static string Invented(string like, SeededRandom random) =>
        char.IsUpper(like[0]) ? NameForge.Invent(random) : NameForge.Invent(random).ToLowerInvariant();
}
