using System.Runtime.InteropServices;

namespace LoraBridge.Native;

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
