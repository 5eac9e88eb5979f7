namespace LoraBridge.Examples.BaseModel.World;

/// <summary>
/// One thing that can be known about an entity, and the ways to ask and to tell it.
/// In the texts <c>{name}</c> and <c>{value}</c> are filled in, <c>{a value}</c> with its article, and <c>{key}</c> is
/// the value that the same entity has for another relation. <c>{name}</c> is always subject or possessive, so that a
/// pronoun can stand in its place.
/// </summary>
internal sealed record Relation
{
    public required string Key { get; init; }

    /// <summary>The sentence that answers every question about this relation; it is also told in prose.</summary>
    public required string Answer { get; init; }

    public required string[] Questions { get; init; }

    /// <summary>Other sentences that tell the same.</summary>
    public required string[] Statements { get; init; }

    /// <summary>The values to choose from; none where the value is an invented name.</summary>
    public string[] Values { get; init; } = [];

    /// <summary>A whole number in this range instead of a word.</summary>
    public (int Low, int High)? Range { get; init; }

    public string Draw(SeededRandom random) =>
        Range is { } range ? random.Between(range.Low, range.High).ToString()
        : Values.Length > 0 ? random.Pick(Values)
        : NameForge.Invent(random);
}

/// <summary>The words that stand for an entity that was named before.</summary>
internal sealed record Pronoun(string Subject, string Possessive)
{
    public static readonly Pronoun She = new("she", "her");
    public static readonly Pronoun He = new("he", "his");
    public static readonly Pronoun It = new("it", "its");
}

/// <summary>Somebody or something with a name and its facts, in the order of the schema.</summary>
internal sealed record Entity(string Name, Pronoun Pronoun, IReadOnlyList<Relation> Schema, IReadOnlyDictionary<string, string> Facts)
{
    public string Answer(Relation relation) => Template.Fill(relation.Answer, this, relation);

    public string this[Relation relation] => Facts[relation.Key];
}
