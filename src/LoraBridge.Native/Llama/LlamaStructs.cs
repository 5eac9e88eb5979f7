using System.Runtime.InteropServices;
using LoraBridge.Formats;

namespace LoraBridge.Native;

/// <summary><c>llama_batch</c>: tokens or embeddings with their positions and sequences. <see cref="BatchHandle"/> owns and fills one.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaBatch
{
    public int n_tokens;
    public int* token;
    public float* embd;
    public int* pos;
    public int* n_seq_id;
    public int** seq_id;
    public sbyte* logits;
}

/// <summary><c>llama_chat_message</c>: null-terminated UTF-8 role and content.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaChatMessage
{
    public byte* role;
    public byte* content;
}

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
    public GgmlType type_k;
    public GgmlType type_v;
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

/// <summary><c>llama_model_imatrix_data</c>: importance of the columns of one tensor.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaImatrixData
{
    public byte* name;
    public float* data;
    public nuint size;
}

/// <summary><c>llama_model_kv_override</c>: replaces a metadata value while a model is loaded; an empty key ends an array of them.</summary>
[StructLayout(LayoutKind.Explicit, Size = 264)]
internal unsafe struct LlamaModelKvOverride
{
    [FieldOffset(0)] public LlamaKvOverrideType tag;
    [FieldOffset(4)] public fixed byte key[128];
    [FieldOffset(136)] public long val_i64;
    [FieldOffset(136)] public double val_f64;
    [FieldOffset(136)] public NativeBool val_bool;
    [FieldOffset(136)] public fixed byte val_str[128];
}

/// <summary><c>llama_model_params</c>: how a model is loaded.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaModelParams
{
    public DevicePtr* devices;
    public LlamaTensorBufferOverride* tensor_buft_overrides;
    public int n_gpu_layers;
    public LlamaSplitMode split_mode;
    public LlamaLoadMode load_mode;
    public LlamaLazyMode lazy_mode;
    public int main_gpu;
    public float* tensor_split;
    public delegate* unmanaged[Cdecl]<float, nint, byte> progress_callback;
    public nint progress_callback_user_data;
    public LlamaModelKvOverride* kv_overrides;
    public NativeBool vocab_only;
    public NativeBool check_tensors;
    public NativeBool use_extra_bufts;
    public NativeBool no_host;
    public NativeBool no_alloc;
    public NativeBool load_mtp;
}

/// <summary><c>llama_model_quantize_params</c>: how a model file is quantised.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaModelQuantizeParams
{
    public int nthread;
    public LlamaFileType ftype;
    public GgmlType output_tensor_type;
    public GgmlType token_embedding_type;
    public NativeBool allow_requantize;
    public NativeBool quantize_output_tensor;
    public NativeBool only_copy;
    public NativeBool pure;
    public NativeBool keep_split;
    public NativeBool dry_run;
    public LlamaImatrixData* imatrix;
    public LlamaModelKvOverride* kv_overrides;
    public LlamaTensorTypeOverride* tt_overrides;
    public int* prune_layers;
    public nuint max_buf_size;
}

/// <summary><c>llama_sampler_chain_params</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaSamplerChainParams
{
    public NativeBool no_perf;
}

/// <summary><c>llama_sampler_seq_config</c>: the sampler of one sequence.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaSamplerSeqConfig
{
    public int seq_id;
    public SamplerPtr sampler;
}

/// <summary><c>llama_model_tensor_buft_override</c>: buffer type of the tensors that match a pattern (null-terminated UTF-8).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaTensorBufferOverride
{
    public byte* pattern;
    public BufferTypePtr buft;
}

/// <summary><c>llama_model_tensor_override</c>: type of the tensors that match a pattern.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaTensorTypeOverride
{
    public byte* pattern;
    public GgmlType type;
}

/// <summary><c>llama_token_data</c>: a candidate token.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaTokenData
{
    public int id;
    public float logit;
    public float p;
}

/// <summary><c>llama_token_data_array</c>: the candidates that a sampler narrows down; samplers may replace <see cref="data"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaTokenDataArray
{
    public LlamaTokenData* data;
    public nuint size;
    public long selected;
    public NativeBool sorted;
}
