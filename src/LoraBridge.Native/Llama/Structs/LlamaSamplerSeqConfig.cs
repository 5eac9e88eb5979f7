using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_sampler_seq_config</c>: the sampler of one sequence.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaSamplerSeqConfig
{
    public int seq_id;
    public SamplerPtr sampler;
}
