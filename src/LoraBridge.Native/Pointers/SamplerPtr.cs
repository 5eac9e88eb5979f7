namespace LoraBridge.Native;

/// <summary>A borrowed <c>llama_sampler *</c>: whoever made it frees it.</summary>
internal readonly record struct SamplerPtr(nint Address)
{
    public bool IsNull => Address == 0;
}
