namespace LoraBridge.Native;

/// <summary>Type of an overridden metadata value (<c>llama_model_kv_override_type</c>).</summary>
internal enum LlamaKvOverrideType
{
    Int = 0,
    Float = 1,
    Bool = 2,
    Str = 3,
}
