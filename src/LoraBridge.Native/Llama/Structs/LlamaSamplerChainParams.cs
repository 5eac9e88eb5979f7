using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_sampler_chain_params</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaSamplerChainParams
{
    public NativeBool no_perf;
}
