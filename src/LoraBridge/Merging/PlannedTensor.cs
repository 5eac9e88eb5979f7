using System.Collections.Immutable;
using LoraBridge.Adapters;
using LoraBridge.Formats;

namespace LoraBridge.Merging;

/// <summary>A tensor of the output.</summary>
internal sealed record PlannedTensor
{
    internal required string Name { get; init; }

    /// <summary>Where its values come from; the name differs for an output that is split off from a tied embedding.</summary>
    internal required GgufModelTensor Source { get; init; }

    internal required GgmlType Type { get; init; }

    /// <summary>What is added; empty for a tensor that is copied.</summary>
    internal ImmutableArray<(AdapterSource Adapter, LoraPair Pair)> Updates { get; init; } = [];

    /// <summary>What the live model multiplies the weight's product by before it adds the adapters'; empty for nothing.</summary>
    internal ImmutableArray<float> Divisors { get; init; } = [];

    /// <summary>Importance of the columns, for each expert; empty for none.</summary>
    internal ImmutableArray<float> Importance { get; init; } = [];

    internal bool IsMerged => !Updates.IsEmpty;

    internal long RowLength => Source.Info.Shape[0];

    /// <summary>Rows of one expert, or of all.</summary>
    internal long RowsPerExpert => Source.Info.Dimension(1);
}
