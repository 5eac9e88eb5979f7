using System.Runtime.InteropServices;
using LoraBridge.Formats;

namespace LoraBridge.Native;

/// <summary><c>ggml_init_params</c>: the memory of a context.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GgmlInitParams
{
    public nuint mem_size;
    public nint mem_buffer;
    public NativeBool no_alloc;
}

/// <summary>The layout of <c>ggml_tensor</c>; <see cref="TensorPtr"/> gives access to its fields.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct GgmlTensor
{
    public GgmlType type;
    public BufferPtr buffer;
    public fixed long ne[Ggml.MaxDimensions];
    public fixed ulong nb[Ggml.MaxDimensions];
    public GgmlOp op;
    public fixed int op_params[Ggml.MaxOpParams];
    public GgmlTensorFlags flags;
    public fixed ulong src[Ggml.MaxSources];
    public TensorPtr view_src;
    public nuint view_offs;
    public nint data;
    public fixed byte name[Ggml.MaxName];
    public nint extra;
    public fixed byte padding[8];
}

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
