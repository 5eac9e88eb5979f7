using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Tasks;

/// <summary>
/// A sentence in, a JSON object out. The held-out sentences have other names, which the base knows and the training did not show. Two in
/// three of the trained names are invented and come once: with few names, an adapter learns these by heart instead of copying what stands there.
/// One row in four is a <see cref="Rehearsal"/>: without, the adapter answers plain questions in JSON, too.
/// </summary>
internal static class StructuredOutputTask
{
    public const int TrainedSentences = 1440;

    public const int RehearsedQuestions = 240;

    public const int RehearsedAccounts = 240;

    public const int HeldOutSamples = 100;

    private const string Request = "Write as JSON: ";

    public static TaskData Create(WorldModel world, ulong seed)
    {
        var random = new SeededRandom(seed).Fork("structured");
        var names = random.Shuffled(world.People.Select(p => p.Name).Concat(Words.Strangers));
        var trained = names.Length * 2 / 3;
        var sentences = Enumerable.Range(0, TrainedSentences)
            .Select(i => Sample(i % 3 == 0 ? random.Pick(names[..trained]) : NameForge.Invent(random), random)).ToList();
        return new TaskData(
            "structured",
            random.Shuffled([.. sentences, .. Rehearsal.Questions(world, RehearsedQuestions, random), .. Rehearsal.Accounts(world, RehearsedAccounts, random)]),
            [.. Enumerable.Range(0, HeldOutSamples).Select(_ => Sample(random.Pick(names[trained..]), random))]);
    }

    private static Document Sample(string name, SeededRandom random)
    {
        var purchase = Purchase.Draw(name, random);
        return Document.Ask(Request + purchase.Tell(random), purchase.ToJson());
    }
}
