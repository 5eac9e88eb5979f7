using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning.Checkpoints;

/// <summary>What a training is a training of. What decides the numbers that were trained on must be the same for it to go on.</summary>
/// <param name="Model">The model's name, with a fingerprint of its files, wherever they lie.</param>
/// <param name="Data">The size of the training data, with a fingerprint of the tokenized samples.</param>
/// <param name="Validation">The same of the validation data: they may be others when it goes on.</param>
/// <param name="Configuration">The parameters, by name.</param>
internal sealed record CheckpointIdentity(string Model, string Data, string Validation, SortedDictionary<string, string> Configuration)
{
    public static CheckpointIdentity Of(LM model, TrainingPlace place, PreparedData data, LoraTrainingParameters parameters) => new(
        Describe(model), Describe(data.Training), Describe(data.Validation),
        TrainingConfiguration.Of(parameters, MemoryPlan.CachesTransposed(model, place, parameters)));

    public static CheckpointIdentity Of(GgufModelFiles model, IEnumerable<PackedRow> rows, PretrainingParameters parameters) =>
        new(Fingerprint.Of(model), Fingerprint.Of(rows), "none", TrainingConfiguration.Of(parameters));

    /// <summary>What <paramref name="now"/> has otherwise, as sentences: what a training cannot go on with, and what it can.</summary>
    public (IReadOnlyList<string> Refused, ResumeChanges Accepted) Compare(CheckpointIdentity now)
    {
        List<string> refused = [], accepted = [];
        if (Model != now.Model)
            refused.Add($"the model was {Model} and is {now.Model}");
        if (Data != now.Data)
            refused.Add($"the data were {Data} and are {now.Data}");
        if (Validation != now.Validation)
            accepted.Add($"the validation data were {Validation} and are {now.Validation}");
        foreach (var key in Configuration.Keys.Union(now.Configuration.Keys))
        {
            var (then, present) = (Configuration.GetValueOrDefault(key, "unset"), now.Configuration.GetValueOrDefault(key, "unset"));
            if (then != present)
                (TrainingConfiguration.MayChange(key) ? accepted : refused).Add($"{key} was {then} and is {present}");
        }
        return (refused, new ResumeChanges(accepted, IsMeasuredOtherwise: Validation != now.Validation));
    }

    private static string Describe(LM model) =>
        $"'{model.Name}' ({model.Architecture}, {model.QuantizationType}, {model.Files.Files.Sum(file => file.Length)} bytes, {Short(Fingerprint.Of(model.Files))})";

    private static string Describe(IReadOnlyList<TrainingSample> samples) => samples.Count == 0
        ? "none"
        : $"{samples.Count} samples of {samples.Sum(sample => (long)sample.Tokens.Length)} tokens ({Short(Fingerprint.Of(samples))})";

    /// <summary>64 bits tell apart what nobody makes equal on purpose, and can still be read.</summary>
    private static string Short(string fingerprint) => fingerprint[..16];
}

/// <summary>What is otherwise than in the checkpoint that a training goes on from, and may be.</summary>
/// <param name="Descriptions">Each change as a sentence.</param>
/// <param name="IsMeasuredOtherwise">Whether losses are measured on other data, so that the best of before is not comparable.</param>
internal sealed record ResumeChanges(IReadOnlyList<string> Descriptions, bool IsMeasuredOtherwise)
{
    public static ResumeChanges None { get; } = new([], IsMeasuredOtherwise: false);
}
