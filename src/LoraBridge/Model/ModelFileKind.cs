namespace LoraBridge.Model;

/// <summary>What a GGUF file holds.</summary>
public enum ModelFileKind
{
    /// <summary>A whole model.</summary>
    Model,

    /// <summary>A LoRA adapter.</summary>
    Adapter,
}
