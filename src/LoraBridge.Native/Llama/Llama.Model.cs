using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace LoraBridge.Native;

/// <summary>Models: loading, metadata, hyperparameters.</summary>
internal static unsafe partial class Llama
{
    [LibraryImport(Library)]
    internal static partial LlamaModelParams llama_model_default_params();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial LlamaModelPtr llama_model_load_from_file(string? path_model, LlamaModelParams @params);

    [LibraryImport(Library)]
    internal static partial LlamaModelPtr llama_model_load_from_splits(byte** paths, nuint n_paths, LlamaModelParams @params);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void llama_model_save_to_file(LlamaModelPtr model, string? path_model);

    [LibraryImport(Library)]
    internal static partial void llama_model_free(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial VocabPtr llama_model_get_vocab(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial LlamaRopeType llama_model_rope_type(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_n_ctx_train(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_n_embd(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_n_embd_inp(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_n_embd_out(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_n_layer(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_n_layer_nextn(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_n_head(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_n_head_kv(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_n_swa(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial float llama_model_rope_freq_scale_train(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial uint llama_model_n_cls_out(LlamaModelPtr model);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? llama_model_cls_label(LlamaModelPtr model, uint i);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int llama_model_meta_val_str(LlamaModelPtr model, string? key, Span<byte> buf, nuint buf_size);

    [LibraryImport(Library)]
    internal static partial int llama_model_meta_count(LlamaModelPtr model);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? llama_model_meta_key_str(LlamaModelMetaKey key);

    [LibraryImport(Library)]
    internal static partial int llama_model_meta_key_by_index(LlamaModelPtr model, int i, Span<byte> buf, nuint buf_size);

    [LibraryImport(Library)]
    internal static partial int llama_model_meta_val_str_by_index(LlamaModelPtr model, int i, Span<byte> buf, nuint buf_size);

    [LibraryImport(Library)]
    internal static partial int llama_model_desc(LlamaModelPtr model, Span<byte> buf, nuint buf_size);

    [LibraryImport(Library)]
    internal static partial LlamaFileType llama_model_ftype(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial ulong llama_model_size(LlamaModelPtr model);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? llama_model_chat_template(LlamaModelPtr model, string? name);

    [LibraryImport(Library)]
    internal static partial ulong llama_model_n_params(LlamaModelPtr model);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_model_has_encoder(LlamaModelPtr model);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_model_has_decoder(LlamaModelPtr model);

    [LibraryImport(Library)]
    internal static partial int llama_model_decoder_start_token(LlamaModelPtr model);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_model_is_recurrent(LlamaModelPtr model);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_model_is_hybrid(LlamaModelPtr model);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_model_is_diffusion(LlamaModelPtr model);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int llama_split_path(Span<byte> split_path, nuint maxlen, string? path_prefix, int split_no, int split_count);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int llama_split_prefix(
        Span<byte> split_prefix, nuint maxlen, string? split_path, int split_no, int split_count);
}
