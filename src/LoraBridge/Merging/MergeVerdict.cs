namespace LoraBridge.Finetuning;

/// <summary>How a merged model compares with base and adapters.</summary>
public enum MergeVerdict
{
    /// <summary>The logits are equal up to rounding: NMSE at most 1e-6.</summary>
    Equal,

    /// <summary>NMSE at most 1e-3, less than what computing with quantised activations costs.</summary>
    Close,

    /// <summary>Quantising the merged weights shows, but costs less than a quarter of what the adapters change.</summary>
    Quantized,

    /// <summary>The error is comparable with what the adapters change.</summary>
    Different,
}
