using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Tasks;

/// <summary>A sentence in, a JSON object out. The held-out sentences have other names, half of them newly invented.</summary>
internal static class StructuredOutputTask
{
    public const int TrainSamples = 320;

    public const int HeldOutSamples = 100;

    private const string Request = "Write as JSON: ";

    public static TaskData Create(WorldModel world, ulong seed)
    {
        var random = new SeededRandom(seed).Fork("structured");
        var people = random.Shuffled(world.People.Select(p => p.Name));
        var known = people.Length * 2 / 3;
        return new TaskData(
            "structured",
            [.. Enumerable.Range(0, TrainSamples).Select(_ => Sample(people[..known], random))],
            [.. Enumerable.Range(0, HeldOutSamples).Select(_ => Sample(people[known..], random))]);
    }

    private static Document Sample(string[] people, SeededRandom random)
    {
        var name = random.Chance(50) ? random.Pick(people) : NameForge.Invent(random);
        var purchase = Purchase.Draw(name, random);
        return Document.Ask(Request + purchase.Tell(random), purchase.ToJson());
    }
}
