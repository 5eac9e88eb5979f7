namespace LoraBridge.TestKit;

/// <summary>Kinds of models that compute something of their own; <see cref="TinyFamilies"/> writes one of each.</summary>
public enum TinyFamily
{
    /// <summary>Llama: gated feed-forward layers, rotated positions.</summary>
    Dense,

    /// <summary>Qwen 3 MoE: each token chooses two of four experts.</summary>
    MixtureOfExperts,

    /// <summary>DeepSeek 2: keys and values from one latent vector, routed and shared experts.</summary>
    LatentAttention,

    /// <summary>Bloom: fused queries, keys and values, ALiBi, layer norms with biases.</summary>
    LinearBiases,

    /// <summary>LLaDA: attention in both directions.</summary>
    Bidirectional,

    /// <summary>Mamba 2: a recurrent state instead of attention.</summary>
    StateSpace,
}
