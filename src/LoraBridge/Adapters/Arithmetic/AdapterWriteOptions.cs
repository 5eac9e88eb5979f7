using LoraBridge.Formats;

namespace LoraBridge.Finetuning;

/// <summary>How <see cref="AdapterArithmetic"/> writes an adapter.</summary>
public sealed record AdapterWriteOptions
{
    /// <summary>
    /// The type of the matrices: F32, F16, BF16 or Q8_0. A matrix whose rows do not fill the blocks of Q8_0 is written in F16.
    /// </summary>
    public GgmlType Type { get; init; } = GgmlType.F32;

    /// <summary>Whether an existing file is replaced.</summary>
    public bool Overwrite { get; init; }
}
