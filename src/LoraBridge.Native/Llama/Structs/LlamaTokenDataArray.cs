using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_token_data_array</c>: the candidates that a sampler narrows down; samplers may replace <see cref="data"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaTokenDataArray
{
    public LlamaTokenData* data;
    public nuint size;
    public long selected;
    public NativeBool sorted;
}
