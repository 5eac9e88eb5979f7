using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>ggml_init_params</c>: the memory of a context.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GgmlInitParams
{
    public nuint mem_size;
    public nint mem_buffer;
    public NativeBool no_alloc;
}
