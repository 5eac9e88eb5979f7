using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>ggml_type_traits</c>: block layout of an element type and its conversions; <see cref="GgmlTypeTraits"/> wraps it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct GgmlTypeTraitsData
{
    public byte* type_name;
    public long blck_size;
    public long blck_size_interleave;
    public nuint type_size;
    public NativeBool is_quantized;
    public delegate* unmanaged[Cdecl]<void*, float*, long, void> to_float;
    public delegate* unmanaged[Cdecl]<float*, void*, long, void> from_float_ref;
}
