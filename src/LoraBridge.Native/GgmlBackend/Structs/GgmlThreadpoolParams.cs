using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>ggml_threadpool_params</c>: how many threads a pool has, where they run, and how long they look for work before they sleep.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct GgmlThreadpoolParams
{
    public fixed byte cpumask[Ggml.MaxThreads];
    public int n_threads;
    public int prio;
    public uint poll;
    public NativeBool strict_cpu;
    public NativeBool paused;
}
