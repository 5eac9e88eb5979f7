namespace LoraBridge.Finetuning;

/// <summary>How the matrices of a new adapter are initialized. Either way the adapter changes nothing before the first update.</summary>
public enum LoraInitialization
{
    /// <summary>A uniform in ±√(6/n) for n inputs, as He et al. propose, <see href="https://arxiv.org/abs/1502.01852"/>; B zero. Learns faster at the same rate.</summary>
    LoraBridge,

    /// <summary>As Hugging Face PEFT does: A uniform in ±√(1/n) (Kaiming's with a = √5), B zero; for token embeddings A zero, B normal. For comparisons, and for rates tuned there.</summary>
    Peft,
}
