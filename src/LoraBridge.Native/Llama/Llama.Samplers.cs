using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>The samplers that a chain can hold.</summary>
internal static unsafe partial class Llama
{
    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_greedy();

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_dist(uint seed);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_top_k(int k);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_top_p(float p, nuint min_keep);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_min_p(float p, nuint min_keep);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_temp(float t);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_xtc(float p, float t, nuint min_keep, uint seed);
}
