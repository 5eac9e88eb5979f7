namespace LoraBridge.Finetuning;

/// <summary>What an operation of <see cref="AdapterArithmetic"/> has written.</summary>
public sealed record AdapterArithmeticResult
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>The adapted weights.</summary>
    public required IReadOnlyList<AdaptedTensor> Tensors { get; init; }

    /// <summary>
    /// Tensors that differ but cannot be expressed as a low-rank product, such as norms and biases; only extraction encounters them.
    /// </summary>
    public required IReadOnlyList<string> Skipped { get; init; }

    /// <summary>Bytes of the file.</summary>
    public required long Bytes { get; init; }

    /// <summary>The largest rank of any weight; 0 where there is none.</summary>
    public int Rank => Tensors.Count > 0 ? Tensors.Max(tensor => tensor.Rank) : 0;

    /// <summary>The smallest retained energy of any weight, 0 to 1.</summary>
    public double MinimumRetainedEnergy => Tensors.Count > 0 ? Tensors.Min(tensor => tensor.RetainedEnergy) : 1;
}
