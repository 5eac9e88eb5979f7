namespace LoraBridge.Native;

/// <summary>Context extension of rotary embeddings (<c>llama_rope_scaling_type</c>).</summary>
internal enum LlamaRopeScalingType
{
    Unspecified = -1,
    None = 0,
    Linear = 1,
    Yarn = 2,
    Longrope = 3,
}
