using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Corpus;

/// <summary>
/// Repeating, spelling, listing. They also show the model every printable token, the signs of JSON among them: a token
/// that is never seen cannot be told from other unseen tokens by an adapter that leaves the embedding alone.
/// </summary>
internal static class CopyTasks
{
    private static readonly string[] Signs =
        ["{\"", "\": \"", "\", \"", "\"}", "\": ", ", \"", "{", "}", "[", "]", "\"", ":", ",", ";", "!", "?", "(", ")", "+", "-", "=", "*", "/", "&", "%", "#", "@", "_", "'", "$"];

    private static readonly string[][] Lists =
        [Words.Foods, Words.Colours, Words.Things, Words.Pets, Words.Drinks, Words.Towns, Words.Instruments, Words.Women, Words.Men, Words.Days, Words.Jobs, Words.Materials];

    public static Document Any(SeededRandom random) => random.Below(12) switch
    {
        0 => Repeat(random),
        < 4 => Say(random),
        < 6 => Echo(random),
        6 => Spell(random),
        7 => Position(random),
        8 => Reverse(random),
        9 => EverydayThing(random),
        _ => Line(random),
    };

    /// <summary>A few words over and over: after the first time every one of them can be foretold.</summary>
    public static Document Echo(SeededRandom random)
    {
        var words = string.Join(' ', Enumerable.Range(0, random.Between(1, 8)).Select(_ => Word(random)));
        return Document.Prose(string.Join('\n', Enumerable.Repeat(words, random.Between(2, 5))));
    }

    private static Document Repeat(SeededRandom random)
    {
        var (word, times) = (Word(random), random.Between(2, 5));
        return Document.Ask($"Repeat the word {word} {times} times.", string.Join(' ', Enumerable.Repeat(word, times)));
    }

    private static Document Say(SeededRandom random)
    {
        var words = string.Join(' ', Enumerable.Range(0, random.Between(1, 12)).Select(_ => Word(random)));
        return Document.Ask($"Say this: {words}", words);
    }

    private static Document Spell(SeededRandom random)
    {
        var word = Word(random);
        return Document.Ask($"Spell {word}.", string.Join('-', word.ToCharArray()));
    }

    private static Document Position(SeededRandom random)
    {
        var items = random.Shuffled(random.Pick(Lists))[..random.Between(3, 5)];
        var first = random.Chance(50);
        return Document.Ask($"{string.Join(", ", items)}. What is the {(first ? "first" : "last")} word?", first ? items[0] : items[^1]);
    }

    private static Document Reverse(SeededRandom random)
    {
        var items = random.Shuffled(random.Pick(Lists))[..random.Between(2, 4)];
        return Document.Ask($"Reverse this list: {string.Join(", ", items)}", string.Join(", ", items.Reverse()));
    }

    private static Document EverydayThing(SeededRandom random)
    {
        var (name, colour, kind) = random.Pick(Words.Common);
        var thing = Template.WithArticle(name);
        var subject = Template.Capitalise(thing);
        return random.Chance(50)
            ? Document.Ask($"What colour is {thing}?", $"{subject} is {colour}.")
            : Document.Ask($"What kind of thing is {thing}?", $"{subject} is {Template.WithArticle(kind)}.");
    }

    /// <summary>A line of words, letters, digits and signs without sense.</summary>
    private static Document Line(SeededRandom random)
    {
        var line = "";
        for (var i = random.Between(3, 16); i > 0; i--)
        {
            var gap = random.Chance(50) ? " " : "";
            line += gap + random.Below(5) switch
            {
                0 or 1 => random.Pick(Signs),
                2 => Word(random),
                3 => random.Between(0, 99).ToString(),
                _ => ((char)random.Between(0x21, 0x7E)).ToString(),
            };
        }
        line = line.Trim();
        return Document.Ask($"Copy this line: {line}", line);
    }

    private static string Word(SeededRandom random)
    {
        var word = random.Chance(15) ? NameForge.Invent(random) : random.Pick(random.Pick(Lists));
        return random.Chance(20) ? Template.Capitalise(word) : word;
    }
}
