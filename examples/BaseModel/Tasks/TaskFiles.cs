using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Tasks;

/// <summary>The training and held-out half of a fine-tuning task.</summary>
internal sealed record TaskData(string Name, IReadOnlyList<Document> Train, IReadOnlyList<Document> HeldOut);

/// <summary>Writes the data sets of the examples: the same seed gives the same bytes.</summary>
internal static class TaskFiles
{
    public static IEnumerable<(string FileName, IReadOnlyList<Document> Documents)> Create(WorldModel world, ulong seed)
    {
        foreach (var task in new[] { PersonaTask.Create(world, seed), KnowledgeTask.Create(world, seed), StructuredOutputTask.Create(world, seed) })
        {
            yield return ($"{task.Name}.train.jsonl", task.Train);
            yield return ($"{task.Name}.heldout.jsonl", task.HeldOut);
        }
        foreach (var set in WorldQuestions.Create(world, seed)) yield return set;
    }

    public static void Write(string path, IEnumerable<Document> documents)
    {
        var unfinished = path + ".tmp";
        File.WriteAllText(unfinished, string.Concat(documents.Select(d => d.ToJsonLine() + "\n")));
        File.Move(unfinished, path, overwrite: true);
    }
}
