using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Tasks;

/// <summary>
/// Conversations such as the base model was trained on. Trained among the rows of a task, they keep the adapter from spoiling what it is not
/// about (Robins 1995, Connection Science 7(2)).
/// </summary>
internal static class Rehearsal
{
    /// <summary>Questions about the world, each with its one answer.</summary>
    public static IEnumerable<Document> Questions(WorldModel world, int count, SeededRandom random) =>
        Enumerable.Range(0, count).Select(_ => WorldQuestions.Question(random.Pick(world.Asked), random));

    /// <summary>Portraits of people and towns, which tell other facts in other words every time: nobody can foretell which.</summary>
    public static IEnumerable<Document> Accounts(WorldModel world, int count, SeededRandom random) =>
        Enumerable.Range(0, count).Select(_ => WorldProse.Account(world, random));
}
