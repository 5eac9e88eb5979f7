using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_batch</c>: tokens or embeddings with their positions and sequences. <see cref="BatchHandle"/> owns and fills one.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaBatch
{
    public int n_tokens;
    public int* token;
    public float* embd;
    public int* pos;
    public int* n_seq_id;
    public int** seq_id;
    public sbyte* logits;
}
