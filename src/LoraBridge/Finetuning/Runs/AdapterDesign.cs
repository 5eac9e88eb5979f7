using LoraBridge.Adapters;
using LoraBridge.Merging;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Training;

namespace LoraBridge.Finetuning.Runs;

/// <summary>The adapter that a training starts with.</summary>
/// <param name="Blueprint">Its targets, ranks and alpha.</param>
/// <param name="Write">Writes it, or those of its targets that a blueprint has, to a path.</param>
/// <param name="RequireAll">Whether every target was asked for by name.</param>
internal sealed record AdapterDesign(AdapterBlueprint Blueprint, Action<string, AdapterBlueprint> Write, bool RequireAll)
{
    /// <exception cref="ArgumentException">The targets name nothing that can be adapted.</exception>
    /// <exception cref="FileNotFoundException">There is no such initial adapter.</exception>
    /// <exception cref="InvalidDataException">The initial adapter's file is not valid.</exception>
    /// <exception cref="AdapterMismatchException">It was made for another model.</exception>
    public static AdapterDesign For(LM model, LoraTrainingParameters parameters) => parameters.InitialAdapter is { } path
        ? Continue(model, path)
        : Begin(model, parameters);

    private static AdapterDesign Begin(LM model, LoraTrainingParameters parameters)
    {
        var rankOf = ByPattern(parameters.RankPattern.IsDefault ? [] : parameters.RankPattern.Select(entry => (entry.Pattern, entry.Rank)), parameters.Rank);
        var alphaOf = ByPattern(parameters.AlphaPattern.IsDefault ? [] : parameters.AlphaPattern.Select(entry => (entry.Pattern, entry.Alpha)), parameters.Alpha);
        var alpha = InferenceAlpha(parameters.Alpha, parameters.Rank);
        var blueprint = TargetSelection.Choose(
            model.Architecture, model.Files.Tensors.Select(tensor => tensor.Info), parameters.TargetModules, rankOf, alpha);
        AdapterTarget[] targets =
            [.. blueprint.Targets.Select(target => target with { Gain = InferenceAlpha(alphaOf(target.Weight), target.Rank) / alpha })];
        return new AdapterDesign(
            blueprint with { Targets = targets }, (path, used) => AdapterFileWriter.WriteInitial(path, used, parameters.Seed, parameters.Initialization),
            parameters.TargetModules.IsExact);

        // Inference multiplies by alpha / rank; rsLoRA's alpha / √rank is (alpha √rank) / rank.
        float InferenceAlpha(float alpha, int rank) => parameters.UseRsLora ? alpha * MathF.Sqrt(rank) : alpha;
    }

    /// <summary>The value of the first pattern that matches a weight's name, or the one for all others.</summary>
    private static Func<string, T> ByPattern<T>(IEnumerable<(string Pattern, T Value)> patterns, T others) where T : struct
    {
        (LoraTargetModules Weights, T Value)[] entries = [.. patterns.Select(entry => (LoraTargetModules.Of(entry.Pattern), entry.Value))];
        return name => entries.Where(entry => entry.Weights.Matches(name)).Select(entry => (T?)entry.Value).FirstOrDefault() ?? others;
    }

    private static AdapterDesign Continue(LM model, string path)
    {
        var adapter = AdapterFile.Read(path);
        AdapterMatch.Check(adapter, model.Files);
        AdapterTarget[] targets =
            [.. adapter.Pairs.Select(pair => new AdapterTarget(pair.Target, pair.Rank, [.. pair.A.Shape], [.. pair.B.Shape]))];
        return new AdapterDesign(new AdapterBlueprint(adapter.Architecture, adapter.Alpha, targets), Copy, RequireAll: true);

        void Copy(string target, AdapterBlueprint used)
        {
            using var file = GgufFile.Open(path);
            AdapterFileWriter.Write(target, used, (name, _) => TensorReader.ReadFloats(file, name), []);
        }
    }
}
