namespace LoraBridge.Native;

/// <summary>A borrowed <c>llama_vocab *</c>: whoever made it frees it.</summary>
internal readonly record struct VocabPtr(nint Address)
{
    public bool IsNull => Address == 0;
}
