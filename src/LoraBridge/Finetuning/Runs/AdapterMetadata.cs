using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Finetuning.Runs;

/// <summary>What an adapter's file says of its training. Nothing of the time or the machine: the same training gives the same bytes.</summary>
internal static class AdapterMetadata
{
    private const string Prefix = "lorabridge.training.";

    public static IReadOnlyList<KeyValuePair<string, GgufValue>> For(LM model, LoraTrainingParameters parameters, PreparedData data, int step) =>
    [
        new("general.name", $"{model.Name} LoRA"),
        new("general.base_model.count", 1u),
        new("general.base_model.0.name", model.Name),
        new($"{Prefix}step", (uint)step),
        new($"{Prefix}samples", (uint)data.Training.Count),
        new($"{Prefix}learning_rate", parameters.LearningRate),
        new($"{Prefix}seed", parameters.Seed),
    ];
}
