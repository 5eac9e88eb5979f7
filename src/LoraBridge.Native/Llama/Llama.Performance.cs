using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Performance counters.</summary>
internal static partial class Llama
{
    [LibraryImport(Library)]
    internal static partial LlamaPerfContextData llama_perf_context(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial void llama_perf_context_print(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial void llama_perf_context_reset(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial LlamaPerfSamplerData llama_perf_sampler(SamplerPtr chain);

    [LibraryImport(Library)]
    internal static partial void llama_perf_sampler_print(SamplerPtr chain);

    [LibraryImport(Library)]
    internal static partial void llama_perf_sampler_reset(SamplerPtr chain);
}
