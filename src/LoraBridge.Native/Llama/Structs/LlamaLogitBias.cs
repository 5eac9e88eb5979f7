using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_logit_bias</c>: what is added to the logit of a token.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaLogitBias
{
    public int token;
    public float bias;
}
