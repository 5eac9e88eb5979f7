using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_model_tensor_override</c>: type of the tensors that match a pattern.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaTensorTypeOverride
{
    public byte* pattern;
    public GgmlTensorType type;
}
