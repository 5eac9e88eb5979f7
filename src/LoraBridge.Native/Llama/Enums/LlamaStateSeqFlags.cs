namespace LoraBridge.Native;

/// <summary>What the state of one sequence contains (<c>llama_state_seq_flags</c>).</summary>
[Flags]
internal enum LlamaStateSeqFlags : uint
{
    None = 0,
    PartialOnly = 1,
    OnDevice = 2,
}
