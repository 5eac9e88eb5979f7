using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Tasks;

/// <summary>What the base model is measured by.</summary>
internal static class WorldQuestions
{
    private const int SampleSize = 100;

    public static IEnumerable<(string FileName, IReadOnlyList<Document> Documents)> Create(WorldModel world, ulong seed)
    {
        var random = new SeededRandom(seed).Fork("world questions");
        yield return ("world-heldout.jsonl", [.. world.HeldOut.Select(c => Question(c, random))]);
        yield return ("world-train-sample.jsonl", [.. random.Shuffled(world.Asked)[..SampleSize].Select(c => Question(c, random))]);
        yield return ("arithmetic-heldout.jsonl", [.. Arithmetic.HeldOutSums.Select(s => Arithmetic.SumDocument(s.A, s.B, Arithmetic.SumTemplates[0]))]);
        yield return ("reading-heldout.jsonl", [.. Enumerable.Range(0, SampleSize).Select(_ => Reading.Comprehension(random))]);
    }

    public static Document Question(Combination combination, SeededRandom random)
    {
        var (entity, relation) = combination;
        return Document.Ask(Template.Fill(random.Pick(relation.Questions), entity, relation), combination.Answer);
    }
}
