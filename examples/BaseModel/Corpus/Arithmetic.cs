using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Corpus;

/// <summary>Counting, comparing, and sums and differences up to twenty.</summary>
internal static class Arithmetic
{
    public const int Limit = 20;

    private static readonly string[] SumQuestions = ["What is {0} + {1}?", "How much is {0} + {1}?", "Add {0} and {1}.", "What is {0} plus {1}?"];

    private static readonly string[] DifferenceQuestions = ["What is {0} - {1}?", "How much is {0} - {1}?", "Take {1} from {0}.", "What is {0} minus {1}?"];

    /// <summary>
    /// Sums never shown in the corpus, in any words: about one ordered pair in eight. The pair the other way round is shown.
    /// </summary>
    public static readonly (int A, int B)[] HeldOutSums =
        [.. from a in Enumerable.Range(1, Limit) from b in Enumerable.Range(1, Limit) where IsHeldOut(a, b) select (a, b)];

    private static bool IsHeldOut(int a, int b) => a != b && a + b <= Limit && (3 * Math.Min(a, b) + Math.Max(a, b)) % 4 == 0 && (a < b) == ((a + b) % 3 == 0);

    public static Document SumDocument(int a, int b, string template) => Document.Ask(string.Format(template, a, b), $"{a} + {b} is {a + b}.");

    public static string[] SumTemplates => SumQuestions;

    public static Document Any(WorldModel world, SeededRandom random) => random.Below(10) switch
    {
        < 4 => Sum(random),
        < 6 => Difference(random),
        6 => Purchase(world, random),
        7 => Neighbour(random),
        8 => Count(random),
        _ => Compare(random),
    };

    private static Document Sum(SeededRandom random)
    {
        var (a, b) = ShownPair(random);
        return SumDocument(a, b, random.Pick(SumQuestions));
    }

    private static Document Difference(SeededRandom random)
    {
        var a = random.Between(0, Limit);
        var b = random.Between(0, a);
        return Document.Ask(string.Format(random.Pick(DifferenceQuestions), a, b), $"{a} - {b} is {a - b}.");
    }

    private static Document Purchase(WorldModel world, SeededRandom random)
    {
        var (a, b) = ShownPair(random);
        var name = random.Chance(50) ? random.Pick(world.People).Name : NameForge.Invent(random);
        var food = random.Pick(["apples", "plums", "carrots", "cherries", "potatoes"]);
        return Document.Ask($"{name} has {a} {food} and gets {b} more. How many {food} are there now?", $"{name} now has {a + b} {food}.");
    }

    private static Document Neighbour(SeededRandom random)
    {
        var n = random.Between(1, Limit - 1);
        return random.Chance(50)
            ? Document.Ask($"What comes after {n}?", $"After {n} comes {n + 1}.")
            : Document.Ask($"What comes before {n}?", $"Before {n} comes {n - 1}.");
    }

    private static Document Count(SeededRandom random)
    {
        var from = random.Between(0, Limit - 3);
        var to = random.Between(from + 2, Math.Min(Limit, from + 8));
        return Document.Ask($"Count from {from} to {to}.", string.Join(", ", Enumerable.Range(from, to - from + 1)) + ".");
    }

    private static Document Compare(SeededRandom random)
    {
        var a = random.Between(0, Limit);
        var b = (a + random.Between(1, Limit)) % (Limit + 1);
        return Document.Ask($"Which is more, {a} or {b}?", $"{Math.Max(a, b)} is more than {Math.Min(a, b)}.");
    }

    private static (int A, int B) ShownPair(SeededRandom random)
    {
        while (true)
        {
            var a = random.Between(0, Limit);
            var b = random.Between(0, Limit - a);
            if (!IsHeldOut(a, b)) return (a, b);
        }
    }
}
