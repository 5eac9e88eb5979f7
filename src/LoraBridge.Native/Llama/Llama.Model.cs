using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace LoraBridge.Native;

/// <summary>Models: loading, metadata, hyperparameters.</summary>
internal static unsafe partial class Llama
{
    internal static LlamaModelParams llama_model_default_params() =>
        LlamaBuild.Loaded == LlamaBuild.B10221 ? ParamsB10221.Widen(llama_model_default_params_b10221()) : llama_model_default_params_v050();

    internal static LlamaModelPtr llama_model_load_from_file(string? path_model, LlamaModelParams @params) =>
        LlamaBuild.Loaded == LlamaBuild.B10221
            ? llama_model_load_from_file_b10221(path_model, ParamsB10221.Narrow(@params))
            : llama_model_load_from_file_v050(path_model, @params);

    [LibraryImport(Library, EntryPoint = nameof(llama_model_default_params))]
    private static partial LlamaModelParams llama_model_default_params_v050();

    [LibraryImport(Library, EntryPoint = nameof(llama_model_default_params))]
    private static partial LlamaModelParamsB10221 llama_model_default_params_b10221();

    [LibraryImport(Library, EntryPoint = nameof(llama_model_load_from_file), StringMarshalling = StringMarshalling.Utf8)]
    private static partial LlamaModelPtr llama_model_load_from_file_v050(string? path_model, LlamaModelParams @params);

    [LibraryImport(Library, EntryPoint = nameof(llama_model_load_from_file), StringMarshalling = StringMarshalling.Utf8)]
    private static partial LlamaModelPtr llama_model_load_from_file_b10221(string? path_model, LlamaModelParamsB10221 @params);

    [LibraryImport(Library)]
    internal static partial void llama_model_free(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial VocabPtr llama_model_get_vocab(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_n_ctx_train(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_n_embd(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_n_embd_out(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_n_layer(LlamaModelPtr model);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int llama_model_meta_val_str(LlamaModelPtr model, string? key, Span<byte> buf, nuint buf_size);

    [LibraryImport(Library)]
    internal static partial int llama_model_meta_count(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_meta_key_by_index(LlamaModelPtr model, int i, Span<byte> buf, nuint buf_size);

    [LibraryImport(Library)]
    internal static partial int llama_model_meta_val_str_by_index(LlamaModelPtr model, int i, Span<byte> buf, nuint buf_size);

    [LibraryImport(Library)]
    internal static partial int llama_model_desc(LlamaModelPtr model, Span<byte> buf, nuint buf_size);

    [LibraryImport(Library)]
    internal static partial ulong llama_model_n_params(LlamaModelPtr model);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_model_has_encoder(LlamaModelPtr model);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_model_has_decoder(LlamaModelPtr model);
}
