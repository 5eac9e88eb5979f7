using System.Globalization;
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

    /// <summary>Values of a matrix that are held, read and written at a time: 2 GiB.</summary>
    private const long MostValues = int.MaxValue / sizeof(float);

    /// <exception cref="ArgumentException">A matrix of the adapter is too large to be trained.</exception>
    internal static AdapterBlueprint RequireSizes(AdapterBlueprint blueprint)
    {
        foreach (var target in blueprint.Targets)
            foreach (var (name, shape) in new[] { ("A", target.A), ("B", target.B) })
                if (shape.Aggregate((Int128)1, (product, extent) => product * extent) is var values && values > MostValues)
                    throw new ArgumentException(string.Create(
                        CultureInfo.InvariantCulture,
                        $"The matrix {name} [{string.Join(", ", shape)}] of {target.Weight} would have {values:N0} values at rank {target.Rank}, expected at most {MostValues:N0}. Lower {nameof(LoraTrainingParameters.Rank)}, or choose other targets."));
        return blueprint;
    }

    private static AdapterDesign Begin(LM model, LoraTrainingParameters parameters)
    {
        var rankOf = ByPattern(parameters.RankPattern.IsDefault ? [] : parameters.RankPattern.Select(entry => (entry.Pattern, entry.Rank)), parameters.Rank);
        var alphaOf = ByPattern(parameters.AlphaPattern.IsDefault ? [] : parameters.AlphaPattern.Select(entry => (entry.Pattern, entry.Alpha)), parameters.Alpha);
        var alpha = InferenceAlpha(parameters.Alpha, parameters.Rank);
        var blueprint = TargetSelection.Choose(
            model.Architecture, model.Files.Tensors.Select(tensor => tensor.Info), parameters.TargetModules, rankOf, alpha);
        if (parameters.Layers is { } layers)
        {
            blueprint = blueprint.Where(target => layers.Contain(target.Weight, model.LayerCount));
            if (blueprint.Targets.Count == 0)
                throw new ArgumentException($"The layers {layers} hold none of the targets '{parameters.TargetModules}'; the model has {model.LayerCount} layers.");
        }
        AdapterTarget[] targets =
            [.. blueprint.Targets.Select(target => target with { Gain = InferenceAlpha(alphaOf(target.Weight), target.Rank) / alpha })];
        return new AdapterDesign(
            RequireSizes(blueprint with { Targets = targets }), (path, used) => AdapterFileWriter.WriteInitial(path, used, parameters.Seed, parameters.Initialization),
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
