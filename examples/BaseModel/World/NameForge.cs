namespace LoraBridge.Examples.BaseModel.World;

/// <summary>Makes up names that nobody in the world has, out of syllables: "Tavor", "Brenu", "Kiposk".</summary>
internal static class NameForge
{
    private static readonly string[] Onsets =
        ["b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "br", "dr", "kr", "pl", "st", "tr"];

    private static readonly string[] Vowels = ["a", "e", "i", "o", "u"];

    private static readonly string[] Codas = ["", "", "n", "r", "l", "s", "k", "m", "x", "sk"];

    private static readonly HashSet<string> Taken =
        [.. Words.Women, .. Words.Men, .. Words.Strangers, .. Words.Towns, .. Words.PetNames, .. Words.Rivers, .. Words.Days];

    public static string Invent(SeededRandom random)
    {
        while (true)
        {
            var name = random.Pick(Onsets) + random.Pick(Vowels);
            var syllables = random.Between(1, 2);
            for (var i = 0; i < syllables; i++) name += random.Pick(Onsets) + random.Pick(Vowels);
            name = Template.Capitalise(name + random.Pick(Codas));
            if (!Taken.Contains(name) && !Reserved.Names.Contains(name)) return name;
        }
    }
}

/// <summary>
/// Names kept out of the corpus, because a fine-tuning task introduces them. They are made of the same syllables as the
/// invented ones, so that the base model knows all their tokens.
/// </summary>
internal static class Reserved
{
    public static readonly string[] Names =
    [
        "Dravomil", "Tivoro", "Breskel", "Nomuri", "Zelupan", "Drevik", "Lumoso", "Pekari", "Vosterel", "Kanimo", "Sorubel",
        "Hadirik", "Wolaka", "Meritin", "Rosivar", "Bruneko", "Tavipe", "Golemo", "Wenapu", "Fizadu", "Kolibel", "Nasun",
    ];
}
