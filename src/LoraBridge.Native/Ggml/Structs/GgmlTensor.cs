using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>The layout of <c>ggml_tensor</c>; <see cref="TensorPtr"/> gives access to its fields.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct GgmlTensor
{
    public GgmlTensorType type;
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
