namespace LoraBridge.Native;

/// <summary>Kinds of contexts (<c>llama_context_type</c>).</summary>
internal enum LlamaContextType
{
    Default = 0,
    Mtp = 1,
}
