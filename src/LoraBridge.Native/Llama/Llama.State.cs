using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Saving and restoring the state of a context.</summary>
internal static partial class Llama
{
    [LibraryImport(Library)]
    internal static partial nuint llama_state_seq_get_size(LlamaContextPtr ctx, int seq_id);

    [LibraryImport(Library)]
    internal static partial nuint llama_state_seq_get_data(LlamaContextPtr ctx, Span<byte> dst, nuint size, int seq_id);

    [LibraryImport(Library)]
    internal static partial nuint llama_state_seq_set_data(LlamaContextPtr ctx, ReadOnlySpan<byte> src, nuint size, int dest_seq_id);
}
