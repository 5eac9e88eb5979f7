namespace LoraBridge.Examples.BaseModel.World;

/// <summary>Somebody has a number of things of one colour: the sentences of the structured-output task.</summary>
internal sealed record Purchase(string Name, int Count, string Colour, string Items)
{
    private static readonly string[] Sentences =
    [
        "{0} bought {1} {2} {3}.", "{0} has {1} {2} {3} at home.", "There are {1} {2} {3} in the house of {0}.",
        "At the market {0} sold {1} {2} {3}.", "{1} {2} {3} belong to {0}.", "{0} has {1} {3}, and all of them are {2}.",
        "Today {0} found {1} {3}. They are {2}.", "The {1} {3} of {0} are {2}.",
    ];

    public static Purchase Draw(string name, SeededRandom random) =>
        new(name, random.Between(2, 20), random.Pick(Words.Colours), random.Pick(Words.Things) + "s");

    public string Tell(SeededRandom random) => string.Format(random.Pick(Sentences), Name, Count, Colour, Items);

    /// <summary>The plainest of the sentences.</summary>
    public string Summary => string.Format(Sentences[1], Name, Count, Colour, Items);

    /// <summary>The bare facts, without a word of their own.</summary>
    public string Note => $"{Name}/{Count}/{Colour}/{Items}";

    public string ToJson() => $"{{\"name\": \"{Name}\", \"count\": {Count}, \"colour\": \"{Colour}\", \"item\": \"{Items}\"}}";
}
