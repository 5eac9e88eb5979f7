using System.Collections.Immutable;
using LoraBridge.Adapters;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;

namespace LoraBridge.Merging;

/// <summary>What becomes of each tensor of a model.</summary>
internal sealed class MergePlan
{
    private readonly GgufModelFiles _model;
    private readonly IReadOnlyList<AdapterSource> _adapters;
    private readonly MergeOutputType _type;

    private MergePlan(GgufModelFiles model, IReadOnlyList<AdapterSource> adapters, MergeOutputType type)
    {
        _model = model;
        _adapters = adapters;
        _type = type;
    }

    /// <summary>Plans the output, in the base's order of tensors.</summary>
    /// <exception cref="AdapterMismatchException">An adapter was made for another model.</exception>
    /// <exception cref="InvalidOperationException">A tensor cannot be stored in the type asked for.</exception>
    internal static ImmutableArray<PlannedTensor> Make(
        GgufModelFiles model, IReadOnlyList<AdapterSource> adapters, MergeOutputType type, ImportanceMatrix? importance,
        CancellationToken cancellationToken)
    {
        foreach (var adapter in adapters)
            AdapterMatch.Check(adapter.Adapter, model, separateOutput: true);
        var targets = adapters.SelectMany(adapter => adapter.Adapter.Pairs, (_, pair) => pair.Target).ToHashSet(StringComparer.Ordinal);
        var scales = WeightScales.Of(model, targets, cancellationToken);
        var plan = new MergePlan(model, adapters, type);
        return [.. plan.Tensors().Select(tensor => plan.Complete(tensor, scales, importance))];
    }

    private IEnumerable<PlannedTensor> Tensors()
    {
        foreach (var tensor in _model.Tensors)
            yield return new PlannedTensor { Name = tensor.Name, Source = tensor, Type = tensor.Info.Type, Updates = Updates(tensor.Name) };

        // Where the output is the embedding, an adapter of either must not change the other: the output becomes a tensor of its own.
        if (_model.Find(TensorNames.Output) is null && _model.Find(TensorNames.TokenEmbedding) is { } embedding
            && (!Updates(TensorNames.Output).IsEmpty || !Updates(TensorNames.TokenEmbedding).IsEmpty))
            yield return new PlannedTensor { Name = TensorNames.Output, Source = embedding, Type = embedding.Info.Type, Updates = Updates(TensorNames.Output) };
    }

    private ImmutableArray<(AdapterSource, LoraPair)> Updates(string name) =>
        [.. _adapters.Select(adapter => (adapter, adapter.Find(name))).Where(update => update.Item2 is not null)!];

    private PlannedTensor Complete(PlannedTensor tensor, WeightScales scales, ImportanceMatrix? importance)
    {
        if (!tensor.IsMerged)
            return tensor;
        var type = _type switch
        {
            MergeOutputType.Keep => tensor.Type,
            MergeOutputType.F16 => GgmlType.F16,
            MergeOutputType.BF16 => GgmlType.BF16,
            // A recipe of llama.cpp starts from the exact sum.
            _ => GgmlType.F32,
        };
        var columns = importance?.Find(tensor) ?? [];
        CheckType(tensor.Name, type, columns.IsEmpty);
        return tensor with { Type = type, Divisors = scales.Find(tensor.Name), Importance = columns };
    }

    private static void CheckType(string name, GgmlType type, bool withoutImportance)
    {
        if (!GgmlQuantizer.CanQuantize(type))
            throw new InvalidOperationException($"Tensor '{name}' has type {type}, which ggml cannot make: choose another type of output.");
        if (withoutImportance && GgmlQuantizer.RequiresImportanceMatrix(type))
            throw new InvalidOperationException($"Tensor '{name}' has type {type}, which needs an importance matrix: give one, or choose another type of output.");
    }
}
