using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_perf_sampler_data</c>: milliseconds and count of samples.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaPerfSamplerData
{
    public double t_sample_ms;
    public int n_sample;
}
