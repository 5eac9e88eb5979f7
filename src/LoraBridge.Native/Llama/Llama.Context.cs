using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Contexts: creation, settings and outputs.</summary>
internal static unsafe partial class Llama
{
    [LibraryImport(Library)]
    internal static partial LlamaContextParams llama_context_default_params();

    [LibraryImport(Library)]
    internal static partial LlamaContextPtr llama_init_from_model(LlamaModelPtr model, LlamaContextParams @params);

    [LibraryImport(Library)]
    internal static partial void llama_free(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial uint llama_n_ctx(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial uint llama_n_ctx_seq(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial uint llama_n_batch(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial uint llama_n_ubatch(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial uint llama_n_seq_max(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial uint llama_n_rs_seq(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial LlamaModelPtr llama_get_model(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial MemoryPtr llama_get_memory(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial LlamaPoolingType llama_pooling_type(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial void llama_set_n_threads(LlamaContextPtr ctx, int n_threads, int n_threads_batch);

    [LibraryImport(Library)]
    internal static partial int llama_n_threads(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial int llama_n_threads_batch(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial void llama_set_embeddings(LlamaContextPtr ctx, [MarshalAs(UnmanagedType.U1)] bool embeddings);

    [LibraryImport(Library)]
    internal static partial void llama_set_causal_attn(LlamaContextPtr ctx, [MarshalAs(UnmanagedType.U1)] bool causal_attn);

    [LibraryImport(Library)]
    internal static partial void llama_set_abort_callback(
        LlamaContextPtr ctx, delegate* unmanaged[Cdecl]<nint, byte> abort_callback, nint abort_callback_data);

    [LibraryImport(Library)]
    internal static partial void llama_synchronize(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial float* llama_get_logits(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial float* llama_get_logits_ith(LlamaContextPtr ctx, int i);

    [LibraryImport(Library)]
    internal static partial float* llama_get_embeddings(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial float* llama_get_embeddings_ith(LlamaContextPtr ctx, int i);

    [LibraryImport(Library)]
    internal static partial float* llama_get_embeddings_seq(LlamaContextPtr ctx, int seq_id);

    [LibraryImport(Library)]
    internal static partial int llama_get_sampled_token_ith(LlamaContextPtr ctx, int i);

    [LibraryImport(Library)]
    internal static partial float* llama_get_sampled_probs_ith(LlamaContextPtr ctx, int i);

    [LibraryImport(Library)]
    internal static partial uint llama_get_sampled_probs_count_ith(LlamaContextPtr ctx, int i);

    [LibraryImport(Library)]
    internal static partial float* llama_get_sampled_logits_ith(LlamaContextPtr ctx, int i);

    [LibraryImport(Library)]
    internal static partial uint llama_get_sampled_logits_count_ith(LlamaContextPtr ctx, int i);

    [LibraryImport(Library)]
    internal static partial int* llama_get_sampled_candidates_ith(LlamaContextPtr ctx, int i);

    [LibraryImport(Library)]
    internal static partial uint llama_get_sampled_candidates_count_ith(LlamaContextPtr ctx, int i);
}
