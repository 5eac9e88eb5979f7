using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_model_quantize_params</c>: how a model file is quantised.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaModelQuantizeParams
{
    public int nthread;
    public LlamaFileType ftype;
    public GgmlTensorType output_tensor_type;
    public GgmlTensorType token_embedding_type;
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
