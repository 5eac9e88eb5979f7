namespace LoraBridge.Training;

/// <summary>A weight to be adapted, and the shapes of its pair.</summary>
/// <param name="Weight">Name of the weight.</param>
/// <param name="Rank">R.</param>
/// <param name="A">Shape of A in ggml order.</param>
/// <param name="B">Shape of B in ggml order.</param>
internal sealed record AdapterTarget(string Weight, int Rank, long[] A, long[] B)
{
    /// <summary>How much larger B is stored than it is trained, so that the file's alpha does for this target what one of its own would.</summary>
    public float Gain { get; init; } = 1;

    public long ParameterCount => A.Aggregate(1L, (product, extent) => product * extent) + B.Aggregate(1L, (product, extent) => product * extent);
}

/// <summary>What an adapter that is to be trained consists of.</summary>
/// <param name="Architecture">The model's architecture.</param>
/// <param name="Alpha">The alpha that llama.cpp reads: it scales each branch by alpha / rank.</param>
/// <param name="Targets">The weights, in the order of the model's file.</param>
internal sealed record AdapterBlueprint(string Architecture, float Alpha, IReadOnlyList<AdapterTarget> Targets)
{
    /// <summary>The same with only those targets that <paramref name="isUsed"/> says.</summary>
    public AdapterBlueprint Where(Func<AdapterTarget, bool> isUsed) => this with { Targets = [.. Targets.Where(isUsed)] };
}
