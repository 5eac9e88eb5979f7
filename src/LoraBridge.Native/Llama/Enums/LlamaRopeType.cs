namespace LoraBridge.Native;

/// <summary>Layouts of rotary embeddings (<c>llama_rope_type</c>); the value is the <c>mode</c> of the rope operations.</summary>
internal enum LlamaRopeType
{
    None = -1,
    Norm = 0,
    Neox = 2,
    Mrope = 8,
    Imrope = 40,
    Vision = 24,
}
