namespace LoraBridge.Native;

/// <summary>A borrowed <c>ggml_backend_reg *</c>: whoever made it frees it.</summary>
internal readonly record struct RegistryPtr(nint Address)
{
    public bool IsNull => Address == 0;
}
