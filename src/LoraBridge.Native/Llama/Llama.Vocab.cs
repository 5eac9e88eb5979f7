using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace LoraBridge.Native;

/// <summary>Vocabularies, tokenisation and detokenisation.</summary>
internal static unsafe partial class Llama
{
    [LibraryImport(Library)]
    internal static partial LlamaVocabType llama_vocab_type(VocabPtr vocab);

    [LibraryImport(Library)]
    internal static partial int llama_vocab_n_tokens(VocabPtr vocab);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? llama_vocab_get_text(VocabPtr vocab, int token);

    [LibraryImport(Library)]
    internal static partial LlamaTokenAttributes llama_vocab_get_attr(VocabPtr vocab, int token);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_vocab_is_eog(VocabPtr vocab, int token);

    [LibraryImport(Library)]
    internal static partial int llama_vocab_bos(VocabPtr vocab);

    [LibraryImport(Library)]
    internal static partial int llama_vocab_eos(VocabPtr vocab);

    [LibraryImport(Library)]
    internal static partial int llama_vocab_eot(VocabPtr vocab);

    [LibraryImport(Library)]
    internal static partial int llama_vocab_sep(VocabPtr vocab);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_vocab_get_add_bos(VocabPtr vocab);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_vocab_get_add_eos(VocabPtr vocab);

    [LibraryImport(Library)]
    internal static partial int llama_tokenize(
        VocabPtr vocab, ReadOnlySpan<byte> text, int text_len, Span<int> tokens, int n_tokens_max,
        [MarshalAs(UnmanagedType.U1)] bool add_special, [MarshalAs(UnmanagedType.U1)] bool parse_special);

    [LibraryImport(Library)]
    internal static partial int llama_token_to_piece(
        VocabPtr vocab, int token, Span<byte> buf, int length, int lstrip, [MarshalAs(UnmanagedType.U1)] bool special);

    [LibraryImport(Library)]
    internal static partial int llama_detokenize(
        VocabPtr vocab, ReadOnlySpan<int> tokens, int n_tokens, Span<byte> text, int text_len_max,
        [MarshalAs(UnmanagedType.U1)] bool remove_special, [MarshalAs(UnmanagedType.U1)] bool unparse_special);
}
