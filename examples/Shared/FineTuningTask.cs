using LoraBridge.Finetuning;

namespace LoraBridge.Examples.Scoring;

/// <summary>One of the three things that an adapter teaches the model that ships: its data, its scorer, how it is trained.</summary>
/// <param name="Name">The data are <c>NAME.train.jsonl</c> and <c>NAME.heldout.jsonl</c>.</param>
/// <param name="Scorer">What counts as a right answer.</param>
/// <param name="Epochs">Passes over the training data.</param>
public sealed record FineTuningTask(string Name, IScorer Scorer, int Epochs)
{
    /// <summary>Known facts in a ship mate's manner.</summary>
    public static FineTuningTask Persona { get; } = new("persona", StyleMarkerScorer.Persona, 2);

    /// <summary>Facts about a company that nobody has heard of.</summary>
    public static FineTuningTask Knowledge { get; } = new("knowledge", new ExactMatchScorer(), 8);

    /// <summary>A sentence into a JSON object.</summary>
    public static FineTuningTask Structured { get; } = new("structured", new JsonFieldsScorer(), 2);

    /// <summary>All three.</summary>
    public static IReadOnlyList<FineTuningTask> All { get; } = [Persona, Knowledge, Structured];

    /// <summary>Settings that suit a model of a few million parameters; large models want a tenth of this rate.</summary>
    public LoraTrainingParameters Parameters => new()
    {
        Rank = 8,
        Alpha = 16,
        TargetModules = LoraTargetModules.AllLinear,
        Epochs = Epochs,
        LearningRate = 2e-3f,
        ContextLength = 256,
    };

    /// <summary>The training data's path.</summary>
    public string TrainingFile(string folder) => Path.Combine(folder, Name + ".train.jsonl");

    /// <summary>The path of the questions that were not trained.</summary>
    public string HeldOutFile(string folder) => Path.Combine(folder, Name + ".heldout.jsonl");
}
