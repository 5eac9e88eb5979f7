using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_context_params</c>: size and behaviour of a context.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaContextParams
{
    public uint n_ctx;
    public uint n_batch;
    public uint n_ubatch;
    public uint n_seq_max;
    public uint n_rs_seq;
    public uint n_outputs_max;
    public uint n_outputs_max_per_seq;
    public int n_threads;
    public int n_threads_batch;
    public LlamaContextType ctx_type;
    public LlamaRopeScalingType rope_scaling_type;
    public LlamaPoolingType pooling_type;
    public LlamaAttentionType attention_type;
    public LlamaFlashAttentionType flash_attn_type;
    public float rope_freq_base;
    public float rope_freq_scale;
    public float yarn_ext_factor;
    public float yarn_attn_factor;
    public float yarn_beta_fast;
    public float yarn_beta_slow;
    public uint yarn_orig_ctx;
    public float defrag_thold;
    public delegate* unmanaged[Cdecl]<TensorPtr, byte, nint, byte> cb_eval;
    public nint cb_eval_user_data;
    public GgmlTensorType type_k;
    public GgmlTensorType type_v;
    public delegate* unmanaged[Cdecl]<nint, byte> abort_callback;
    public nint abort_callback_data;
    public NativeBool embeddings;
    public NativeBool offload_kqv;
    public NativeBool no_perf;
    public NativeBool op_offload;
    public NativeBool swa_full;
    public NativeBool kv_unified;
    public LlamaSamplerSeqConfig* samplers;
    public nuint n_samplers;
    public LlamaContextPtr ctx_other;
}
