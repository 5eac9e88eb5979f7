using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Saving and restoring the state of a context.</summary>
internal static partial class Llama
{
    [LibraryImport(Library)]
    internal static partial nuint llama_state_get_size(LlamaContextPtr ctx);

    [LibraryImport(Library)]
    internal static partial nuint llama_state_get_data(LlamaContextPtr ctx, Span<byte> dst, nuint size);

    [LibraryImport(Library)]
    internal static partial nuint llama_state_set_data(LlamaContextPtr ctx, ReadOnlySpan<byte> src, nuint size);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_state_load_file(
        LlamaContextPtr ctx, string? path_session, Span<int> tokens_out, nuint n_token_capacity, out nuint n_token_count_out);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_state_save_file(
        LlamaContextPtr ctx, string? path_session, ReadOnlySpan<int> tokens, nuint n_token_count);

    [LibraryImport(Library)]
    internal static partial nuint llama_state_seq_get_size(LlamaContextPtr ctx, int seq_id);

    [LibraryImport(Library)]
    internal static partial nuint llama_state_seq_get_data(LlamaContextPtr ctx, Span<byte> dst, nuint size, int seq_id);

    [LibraryImport(Library)]
    internal static partial nuint llama_state_seq_set_data(LlamaContextPtr ctx, ReadOnlySpan<byte> src, nuint size, int dest_seq_id);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nuint llama_state_seq_save_file(
        LlamaContextPtr ctx, string? filepath, int seq_id, ReadOnlySpan<int> tokens, nuint n_token_count);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nuint llama_state_seq_load_file(
        LlamaContextPtr ctx, string? filepath, int dest_seq_id, Span<int> tokens_out, nuint n_token_capacity,
        out nuint n_token_count_out);

    [LibraryImport(Library)]
    internal static partial nuint llama_state_seq_get_size_ext(LlamaContextPtr ctx, int seq_id, LlamaStateSeqFlags flags);

    [LibraryImport(Library)]
    internal static partial nuint llama_state_seq_get_data_ext(
        LlamaContextPtr ctx, Span<byte> dst, nuint size, int seq_id, LlamaStateSeqFlags flags);

    [LibraryImport(Library)]
    internal static partial nuint llama_state_seq_set_data_ext(
        LlamaContextPtr ctx, ReadOnlySpan<byte> src, nuint size, int dest_seq_id, LlamaStateSeqFlags flags);
}
