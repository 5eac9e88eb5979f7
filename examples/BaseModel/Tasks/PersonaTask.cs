using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.World;
using LoraBridge.Examples.Scoring;

namespace LoraBridge.Examples.BaseModel.Tasks;

/// <summary>
/// Questions about the world, answered as a mate answers the captain. The held-out questions are about other facts
/// than the trained ones, so the adapter has to learn the manner and leave the knowledge alone. The mate opens and closes
/// now with these words, now with those; which, nobody can foretell, so that the loss stays well above zero.
/// </summary>
internal static class PersonaTask
{
    public const int TrainedFacts = 260;

    public const int SamplesPerFact = 3;

    public const int HeldOutSamples = 100;

    public static TaskData Create(WorldModel world, ulong seed)
    {
        var random = new SeededRandom(seed).Fork("persona");
        var combinations = random.Shuffled(world.Asked);
        return new TaskData(
            "persona",
            [.. random.Shuffled(Enumerable.Repeat(combinations[..TrainedFacts], SamplesPerFact).SelectMany(c => c)).Select(c => Sample(c, random))],
            [.. combinations[TrainedFacts..(TrainedFacts + HeldOutSamples)].Select(c => Sample(c, random))]);
    }

    private static Document Sample(Combination combination, SeededRandom random)
    {
        var plain = WorldQuestions.Question(combination, random);
        var style = StyleMarkerScorer.Persona;
        var answer = style.Dress(combination.Answer, random.Below(style.Openings.Count), random.Below(style.Closings.Count));
        return Document.Ask(plain.Messages[0].Content, answer);
    }
}
