namespace LoraBridge.Finetuning;

/// <summary>The progress of a merge.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="BytesWritten">Bytes written in this stage.</param>
/// <param name="TotalBytes">Bytes this stage will write; 0 where that is not known.</param>
public sealed record MergeProgress(MergeStage Stage, long BytesWritten, long TotalBytes)
{
    /// <summary>The part of this stage that is done, 0 to 1; 0 where the total is not known.</summary>
    public double Fraction => TotalBytes > 0 ? (double)BytesWritten / TotalBytes : 0;
}

/// <summary>The stages of a merge, in their order.</summary>
public enum MergeStage
{
    /// <summary>Adding the adapters to the weights and writing them.</summary>
    Merging,

    /// <summary>llama.cpp quantises the merged model; only for types that are recipes.</summary>
    Quantizing,

    /// <summary>Comparing the written model with base and adapters.</summary>
    Verifying,
}
