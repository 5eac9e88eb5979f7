using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Tasks;

/// <summary>A sentence in, a JSON object out. The held-out sentences have other names, which the base knows and the training did not show.</summary>
internal static class StructuredOutputTask
{
    public const int TrainSamples = 320;

    public const int HeldOutSamples = 100;

    private const string Request = "Write as JSON: ";

    public static TaskData Create(WorldModel world, ulong seed)
    {
        var random = new SeededRandom(seed).Fork("structured");
        var names = random.Shuffled(world.People.Select(p => p.Name).Concat(Words.Strangers));
        var trained = names.Length * 2 / 3;
        return new TaskData(
            "structured",
            [.. Enumerable.Range(0, TrainSamples).Select(_ => Sample(names[..trained], random))],
            [.. Enumerable.Range(0, HeldOutSamples).Select(_ => Sample(names[trained..], random))]);
    }

    private static Document Sample(string[] names, SeededRandom random)
    {
        var purchase = Purchase.Draw(random.Pick(names), random);
        return Document.Ask(Request + purchase.Tell(random), purchase.ToJson());
    }
}
