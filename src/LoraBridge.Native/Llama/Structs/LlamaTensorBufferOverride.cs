using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_model_tensor_buft_override</c>: buffer type of the tensors that match a pattern (null-terminated UTF-8).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaTensorBufferOverride
{
    public byte* pattern;
    public BufferTypePtr buft;
}
