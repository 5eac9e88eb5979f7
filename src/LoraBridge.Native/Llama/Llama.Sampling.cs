using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace LoraBridge.Native;

/// <summary>Sampler chains.</summary>
internal static unsafe partial class Llama
{
    [LibraryImport(Library)]
    internal static partial LlamaSamplerChainParams llama_sampler_chain_default_params();

    [LibraryImport(Library)]
    internal static partial void llama_sampler_apply(SamplerPtr smpl, LlamaTokenDataArray* cur_p);

    [LibraryImport(Library)]
    internal static partial void llama_sampler_free(SamplerPtr smpl);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_chain_init(LlamaSamplerChainParams @params);

    [LibraryImport(Library)]
    internal static partial void llama_sampler_chain_add(SamplerPtr chain, SamplerPtr smpl);
}
