using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_model_imatrix_data</c>: importance of the columns of one tensor.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaImatrixData
{
    public byte* name;
    public float* data;
    public nuint size;
}
