using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning.Checkpoints;

/// <summary>What must be the same for a training to go on bit for bit.</summary>
/// <param name="Model">The model's name, with a fingerprint of its files, wherever they lie.</param>
/// <param name="Data">The size of the data, with a fingerprint of the tokenized samples.</param>
/// <param name="Configuration">The parameters that have a say, by name.</param>
internal sealed record CheckpointIdentity(string Model, string Data, SortedDictionary<string, string> Configuration)
{
    public static CheckpointIdentity Of(LM model, PreparedData data, LoraTrainingParameters parameters) =>
        new(Describe(model), Describe(data), TrainingConfiguration.Of(parameters));

    public static CheckpointIdentity Of(GgufModelFiles model, IEnumerable<PackedRow> rows, PretrainingParameters parameters) =>
        new(Fingerprint.Of(model), Fingerprint.Of(rows), TrainingConfiguration.Of(parameters));

    /// <summary>What <paramref name="now"/> has otherwise, as sentences.</summary>
    public IReadOnlyList<string> DifferencesTo(CheckpointIdentity now)
    {
        List<string> differences = [];
        if (Model != now.Model)
            differences.Add($"the model was {Model} and is {now.Model}");
        if (Data != now.Data)
            differences.Add($"the data were {Data} and are {now.Data}");
        foreach (var key in Configuration.Keys.Union(now.Configuration.Keys))
        {
            var (then, present) = (Configuration.GetValueOrDefault(key, "unset"), now.Configuration.GetValueOrDefault(key, "unset"));
            if (then != present)
                differences.Add($"{key} was {then} and is {present}");
        }
        return differences;
    }

    private static string Describe(LM model) =>
        $"'{model.Name}' ({model.Architecture}, {model.QuantizationType}, {model.Files.Files.Sum(file => file.Length)} bytes, {Short(Fingerprint.Of(model.Files))})";

    private static string Describe(PreparedData data) =>
        $"{Describe(data.Training)}, {Describe(data.Validation)} for validation ({Short(Fingerprint.Of(data))})";

    private static string Describe(IReadOnlyList<TrainingSample> samples) => $"{samples.Count} samples of {samples.Sum(sample => (long)sample.Tokens.Length)} tokens";

    /// <summary>64 bits tell apart what nobody makes equal on purpose, and can still be read.</summary>
    private static string Short(string fingerprint) => fingerprint[..16];
}
