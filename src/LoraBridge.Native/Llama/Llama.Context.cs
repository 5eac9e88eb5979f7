using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Contexts: creation, settings and outputs.</summary>
internal static unsafe partial class Llama
{
    internal static LlamaContextParams llama_context_default_params() =>
        LlamaBuild.Loaded == LlamaBuild.B10221 ? ParamsB10221.Widen(llama_context_default_params_b10221()) : llama_context_default_params_v050();

    internal static LlamaContextPtr llama_init_from_model(LlamaModelPtr model, LlamaContextParams @params) =>
        LlamaBuild.Loaded == LlamaBuild.B10221
            ? llama_init_from_model_b10221(model, ParamsB10221.Narrow(@params))
            : llama_init_from_model_v050(model, @params);

    [LibraryImport(Library, EntryPoint = nameof(llama_context_default_params))]
    private static partial LlamaContextParams llama_context_default_params_v050();

    [LibraryImport(Library, EntryPoint = nameof(llama_context_default_params))]
    private static partial LlamaContextParamsB10221 llama_context_default_params_b10221();

    [LibraryImport(Library, EntryPoint = nameof(llama_init_from_model))]
    private static partial LlamaContextPtr llama_init_from_model_v050(LlamaModelPtr model, LlamaContextParams @params);

    [LibraryImport(Library, EntryPoint = nameof(llama_init_from_model))]
    private static partial LlamaContextPtr llama_init_from_model_b10221(LlamaModelPtr model, LlamaContextParamsB10221 @params);

    [LibraryImport(Library)]
    internal static partial void llama_free(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial LlamaModelPtr llama_get_model(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial MemoryPtr llama_get_memory(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial LlamaPoolingType llama_pooling_type(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial float* llama_get_logits_ith(LlamaContextPtr ctx, int i);

    [LibraryImport(Library)]
    internal static partial float* llama_get_embeddings_ith(LlamaContextPtr ctx, int i);

    [LibraryImport(Library)]
    internal static partial float* llama_get_embeddings_seq(LlamaContextPtr ctx, int seq_id);
}
