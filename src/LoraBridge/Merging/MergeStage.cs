namespace LoraBridge.Finetuning;

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
