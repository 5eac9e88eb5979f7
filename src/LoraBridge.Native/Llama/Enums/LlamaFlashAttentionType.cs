namespace LoraBridge.Native;

/// <summary>When flash attention is used (<c>llama_flash_attn_type</c>).</summary>
internal enum LlamaFlashAttentionType
{
    Auto = -1,
    Disabled = 0,
    Enabled = 1,
}
