namespace LoraBridge.Native;

/// <summary>Placement of threads on NUMA machines (<c>ggml_numa_strategy</c>).</summary>
internal enum GgmlNumaStrategy
{
    Disabled = 0,
    Distribute = 1,
    Isolate = 2,
    Numactl = 3,
    Mirror = 4,
}
