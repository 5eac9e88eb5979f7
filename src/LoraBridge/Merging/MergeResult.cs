namespace LoraBridge.Finetuning;

/// <summary>The outcome of a merge.</summary>
public sealed record MergeResult
{
    /// <summary>The written files; one unless <see cref="MergeOptions.MaximumPartBytes"/> asked for more.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <summary>The tensors that adapters were merged into, in file order.</summary>
    public required IReadOnlyList<MergedTensor> Tensors { get; init; }

    /// <summary>Number of tensors that adapters were merged into.</summary>
    public int MergedTensors => Tensors.Count;

    /// <summary>Number of tensors that were copied from the base.</summary>
    public required int CopiedTensors { get; init; }

    /// <summary>Bytes of all written files.</summary>
    public required long OutputBytes { get; init; }

    /// <summary>How long it took, without the verification.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>The comparison with base and adapters; null unless it was asked for.</summary>
    public MergeVerification? Verification { get; init; }
}
