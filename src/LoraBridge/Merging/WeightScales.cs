using System.Collections.Immutable;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using static System.FormattableString;

namespace LoraBridge.Merging;

/// <summary>
/// The factors that a merged weight is seen through, by the weight's name. Some models multiply the product of a weight by a tensor
/// of their own: y = w (W x) + s B (A x) becomes w (W' x) with W' = W + (s / w) B A. Where the live model multiplies the sum instead,
/// y = w (W x + s B (A x)), nothing is to be done. Which it is depends on the place in the graph.
/// </summary>
internal sealed class WeightScales
{
    private const string ScaleSuffix = ".scale";
    private const string WeightSuffix = ".weight";

    private readonly Dictionary<string, ImmutableArray<float>> _divisors = new(StringComparer.Ordinal);

    /// <summary>The factors of a weight, one or one for each expert; nothing when the adapters' part is not to be changed.</summary>
    internal ImmutableArray<float> Find(string name) => _divisors.GetValueOrDefault(name, []);

    /// <summary>Finds the factors of the weights to be merged.</summary>
    /// <exception cref="InvalidDataException">A factor is zero or not finite: no weight can equal the live model then.</exception>
    /// <exception cref="InvalidOperationException">A weight has several factors: neither can it then.</exception>
    internal static WeightScales Of(GgufModelFiles model, IReadOnlySet<string> targets, CancellationToken cancellationToken)
    {
        var scales = new WeightScales();
        var scaled = targets.Where(target => ScaleOf(model, target) is not null).Order(StringComparer.Ordinal).ToList();
        if (scaled.Count == 0)
            return scales;

        // The second level of NVFP4's scales is part of the weight's value, wherever the graph multiplies it.
        var blockScaled = scaled.Where(target => model.Find(target)!.Info.Type == GgmlType.NVFP4).ToList();
        foreach (var target in blockScaled)
            scales.Add(model, target, ScaleOf(model, target)!);
        var traced = scaled.Except(blockScaled, StringComparer.Ordinal).ToList();
        if (traced.Count == 0)
            return scales;
        var found = ScaleProbe.Trace(model, traced, cancellationToken);
        foreach (var target in traced)
            scales.AddOnly(model, target, [.. found[target]]);
        return scales;
    }

    /// <summary>Adds the one scale that a weight is always seen through.</summary>
    private void AddOnly(GgufModelFiles model, string target, IReadOnlyList<string?> names)
    {
        if (names.Count > 1)
            throw new InvalidOperationException($"'{target}' is used {names.Count} times with scales of their own ({string.Join(", ", names.Select(name => name ?? "none"))}): no merged weight can equal the live adapter.");
        if (names is [{ } name])
            Add(model, target, model.Find(name)!);
    }

    private void Add(GgufModelFiles model, string target, GgufModelTensor scale)
    {
        var values = TensorReader.ReadFloats(scale.File, scale.Info);
        if (values.FirstOrDefault(value => value == 0 || !float.IsFinite(value), 1) is var bad && (bad == 0 || !float.IsFinite(bad)))
            throw new InvalidDataException(Invariant($"{scale.File.Path}: tensor '{scale.Name}' has the value {bad}, which '{target}' cannot be divided by"));
        _divisors.Add(target, [.. values]);
    }

    private static GgufModelTensor? ScaleOf(GgufModelFiles model, string target) =>
        target.EndsWith(WeightSuffix, StringComparison.Ordinal) ? model.Find(target[..^WeightSuffix.Length] + ScaleSuffix) : null;
}
