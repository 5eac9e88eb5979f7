using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_token_data</c>: a candidate token.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaTokenData
{
    public int id;
    public float logit;
    public float p;
}
