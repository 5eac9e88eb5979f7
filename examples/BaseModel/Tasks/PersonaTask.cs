using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.World;
using LoraBridge.Examples.Scoring;

namespace LoraBridge.Examples.BaseModel.Tasks;

/// <summary>
/// Questions about the world, answered as a mate answers the captain. The held-out questions are about other facts
/// than the trained ones, so the adapter has to learn the manner and leave the knowledge alone.
/// </summary>
internal static class PersonaTask
{
    public const int TrainSamples = 260;

    public const int HeldOutSamples = 100;

    public static TaskData Create(WorldModel world, ulong seed)
    {
        var random = new SeededRandom(seed).Fork("persona");
        var combinations = random.Shuffled(world.Asked);
        return new TaskData(
            "persona",
            [.. combinations[..TrainSamples].Select(c => Sample(c, random))],
            [.. combinations[TrainSamples..(TrainSamples + HeldOutSamples)].Select(c => Sample(c, random))]);
    }

    private static Document Sample(Combination combination, SeededRandom random)
    {
        var plain = WorldQuestions.Question(combination, random);
        return Document.Ask(plain.Messages[0].Content, StyleMarkerScorer.Persona.Dress(combination.Answer));
    }
}
