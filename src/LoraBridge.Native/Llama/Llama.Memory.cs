using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>The memory of a context: KV cache and recurrent state.</summary>
internal static partial class Llama
{
    [LibraryImport(Library)]
    internal static partial void llama_memory_clear(MemoryPtr mem, [MarshalAs(UnmanagedType.U1)] bool data);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_memory_seq_rm(MemoryPtr mem, int seq_id, int p0, int p1);

    [LibraryImport(Library)]
    internal static partial void llama_memory_seq_cp(MemoryPtr mem, int seq_id_src, int seq_id_dst, int p0, int p1);

    [LibraryImport(Library)]
    internal static partial void llama_memory_seq_add(MemoryPtr mem, int seq_id, int p0, int p1, int delta);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_memory_can_shift(MemoryPtr mem);
}
