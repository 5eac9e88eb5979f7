using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace LoraBridge.Native;

/// <summary>Sampler chains.</summary>
internal static unsafe partial class Llama
{
    [LibraryImport(Library)]
    internal static partial LlamaSamplerChainParams llama_sampler_chain_default_params();

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_set_sampler(LlamaContextPtr ctx, int seq_id, SamplerPtr smpl);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? llama_sampler_name(SamplerPtr smpl);

    [LibraryImport(Library)]
    internal static partial void llama_sampler_accept(SamplerPtr smpl, int token);

    [LibraryImport(Library)]
    internal static partial void llama_sampler_apply(SamplerPtr smpl, LlamaTokenDataArray* cur_p);

    [LibraryImport(Library)]
    internal static partial void llama_sampler_reset(SamplerPtr smpl);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_clone(SamplerPtr smpl);

    [LibraryImport(Library)]
    internal static partial void llama_sampler_copy(SamplerPtr src, SamplerPtr dst);

    [LibraryImport(Library)]
    internal static partial void llama_sampler_free(SamplerPtr smpl);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_chain_init(LlamaSamplerChainParams @params);

    [LibraryImport(Library)]
    internal static partial void llama_sampler_chain_add(SamplerPtr chain, SamplerPtr smpl);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_chain_get(SamplerPtr chain, int i);

    [LibraryImport(Library)]
    internal static partial int llama_sampler_chain_n(SamplerPtr chain);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_chain_remove(SamplerPtr chain, int i);

    [LibraryImport(Library)]
    internal static partial uint llama_sampler_get_seed(SamplerPtr smpl);

    [LibraryImport(Library)]
    internal static partial int llama_sampler_sample(SamplerPtr smpl, LlamaContextPtr ctx, int idx);
}
