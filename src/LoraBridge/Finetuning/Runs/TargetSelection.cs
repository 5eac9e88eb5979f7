using LoraBridge.Formats;
using LoraBridge.Training;

namespace LoraBridge.Finetuning.Runs;

/// <summary>Chooses the weights of a model that an adapter is trained for.</summary>
internal static class TargetSelection
{
    /// <summary>The weight matrices of a model that <paramref name="modules"/> choose.</summary>
    /// <param name="architecture">The model's architecture.</param>
    /// <param name="tensors">The model's tensors.</param>
    /// <param name="modules">Which of them to adapt.</param>
    /// <param name="rankOf">Rank by the weight's name.</param>
    /// <param name="alpha">The value of <see cref="AdapterBlueprint.Alpha"/>.</param>
    /// <exception cref="ArgumentException">A pattern chooses nothing that can be adapted.</exception>
    public static AdapterBlueprint Choose(
        string architecture, IEnumerable<GgufTensorInfo> tensors, LoraTargetModules modules, Func<string, int> rankOf, float alpha)
    {
        GgufTensorInfo[] all = [.. tensors];
        var names = all.Select(tensor => tensor.Name).ToHashSet();
        GgufTensorInfo[] matrices = [.. all.Where(tensor => IsMatrix(tensor) && SharedMatrix.DescribeConflict(tensor.Name, names.Contains) is null)];
        for (var i = 0; modules.IsExact && i < modules.Patterns.Length; i++)
            if (!matrices.Any(tensor => modules.Matches(i, tensor.Name)))
                throw new ArgumentException(DescribeMiss(modules, i, all, matrices));

        AdapterTarget[] targets = [.. matrices.Where(tensor => modules.Matches(tensor.Name)).Select(tensor => Target(tensor, rankOf(tensor.Name)))];
        if (targets.Length == 0)
            throw new ArgumentException($"The targets '{modules}' choose no weight matrix of the model; it has {RolesOf(matrices)}.");
        return new AdapterBlueprint(architecture, alpha, targets);
    }

    private static AdapterTarget Target(GgufTensorInfo tensor, int rank)
    {
        var (a, b) = LoraPair.ShapesFor(tensor.Name, tensor.Shape.AsSpan(), rank);
        return new AdapterTarget(tensor.Name, rank, a, b);
    }

    private static string DescribeMiss(LoraTargetModules modules, int pattern, GgufTensorInfo[] all, GgufTensorInfo[] matrices)
    {
        var names = all.Select(tensor => tensor.Name).ToHashSet();
        foreach (var tensor in all.Where(tensor => modules.Matches(pattern, tensor.Name)))
            if (SharedMatrix.DescribeConflict(tensor.Name, names.Contains) is { } conflict)
                return $"The target '{modules.Patterns[pattern]}' cannot be adapted: {tensor.Name} needs {conflict}.";
        return $"The target '{modules.Patterns[pattern]}' names no weight matrix of the model; it has {RolesOf(matrices)}.";
    }

    private static bool IsMatrix(GgufTensorInfo tensor) =>
        tensor.Dimension(0) > 1 && tensor.Dimension(1) > 1 && tensor.Name.EndsWith(".weight", StringComparison.Ordinal)
        && !tensor.Name.EndsWith("_norm.weight", StringComparison.Ordinal);

    private static string RolesOf(IEnumerable<GgufTensorInfo> matrices) =>
        string.Join(", ", matrices.Select(tensor => LoraTargetModules.Role(tensor.Name)).Distinct().Order(StringComparer.Ordinal));
}
