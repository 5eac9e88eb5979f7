using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning.Checkpoints;

/// <summary>What must be the same for a training to go on bit for bit.</summary>
/// <param name="Model">Fingerprint of the model's files, wherever they lie.</param>
/// <param name="Data">Fingerprint of the tokenized samples.</param>
/// <param name="Configuration">The parameters that have a say, by name.</param>
internal sealed record CheckpointIdentity(string Model, string Data, SortedDictionary<string, string> Configuration)
{
    public static CheckpointIdentity Of(LM model, PreparedData data, LoraTrainingParameters parameters) =>
        new(Fingerprint.Of(model.Files), Fingerprint.Of(data), TrainingConfiguration.Of(parameters));

    public static CheckpointIdentity Of(GgufModelFiles model, IEnumerable<PackedRow> rows, PretrainingParameters parameters) =>
        new(Fingerprint.Of(model), Fingerprint.Of(rows), TrainingConfiguration.Of(parameters));

    /// <summary>What <paramref name="now"/> has otherwise, as sentences.</summary>
    public IReadOnlyList<string> DifferencesTo(CheckpointIdentity now)
    {
        List<string> differences = [];
        if (Model != now.Model)
            differences.Add("it was made with another model");
        if (Data != now.Data)
            differences.Add("it was made with other data");
        foreach (var key in Configuration.Keys.Union(now.Configuration.Keys))
        {
            var (then, present) = (Configuration.GetValueOrDefault(key, "unset"), now.Configuration.GetValueOrDefault(key, "unset"));
            if (then != present)
                differences.Add($"{key} was {then} and is {present}");
        }
        return differences;
    }
}
