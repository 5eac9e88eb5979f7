namespace LoraBridge.Native;

/// <summary>Causal or bidirectional attention (<c>llama_attention_type</c>).</summary>
internal enum LlamaAttentionType
{
    Unspecified = -1,
    Causal = 0,
    NonCausal = 1,
}
