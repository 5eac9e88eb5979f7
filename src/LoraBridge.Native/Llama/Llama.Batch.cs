using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Batches and their evaluation.</summary>
internal static partial class Llama
{
    [LibraryImport(Library)]
    internal static partial LlamaBatch llama_batch_init(int n_tokens, int embd, int n_seq_max);

    [LibraryImport(Library)]
    internal static partial void llama_batch_free(LlamaBatch batch);

    [LibraryImport(Library)]
    internal static partial int llama_decode(LlamaContextPtr ctx, LlamaBatch batch);
}
