using System.Runtime.InteropServices;
using static LoraBridge.Native.Ggml;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Owns a backend: a device opened for computation.</summary>
internal sealed class BackendHandle(BackendPtr pointer, string failure) : NativeHandle<BackendPtr>(pointer, failure)
{
    /// <summary>Threads that end with the backend.</summary>
    internal ThreadPoolHandle? Threads { get; set; }

    private protected override void Free(BackendPtr pointer)
    {
        ggml_backend_free(pointer);
        Threads?.Dispose();
    }
}

/// <summary>Owns threads that stay between the computations of a CPU backend.</summary>
internal sealed unsafe class ThreadPoolHandle(ThreadPoolPtr pointer, delegate* unmanaged[Cdecl]<ThreadPoolPtr, void> free)
    : NativeHandle<ThreadPoolPtr>(pointer, "The threads of the CPU could not be started.")
{
    private protected override void Free(ThreadPoolPtr pointer) => free(pointer);
}

/// <summary>Owns a buffer: the memory of tensors on a device.</summary>
internal sealed class BufferHandle(BufferPtr pointer, string failure) : NativeHandle<BufferPtr>(pointer, failure)
{
    private protected override void Free(BufferPtr pointer) => ggml_backend_buffer_free(pointer);
}

/// <summary>Owns a context: the descriptions of its tensors and graphs, and their data unless it was made without.</summary>
internal sealed class GgmlContextHandle(GgmlContext pointer, string failure) : NativeHandle<GgmlContext>(pointer, failure)
{
    private protected override void Free(GgmlContext pointer) => ggml_free(pointer);
}

/// <summary>Owns a graph allocator and the buffers that it made.</summary>
internal sealed class GraphAllocatorHandle(GraphAllocatorPtr pointer, string failure) : NativeHandle<GraphAllocatorPtr>(pointer, failure)
{
    private protected override void Free(GraphAllocatorPtr pointer) => ggml_gallocr_free(pointer);
}

/// <summary>Owns a scheduler and the buffers that it made. Its backends outlive it.</summary>
internal sealed class SchedulerHandle : NativeHandle<SchedulerPtr>
{
    private readonly IReadOnlyList<BackendHandle> _backends;

    internal SchedulerHandle(SchedulerPtr pointer, IReadOnlyList<BackendHandle> backends, string failure) : base(pointer, failure)
    {
        _backends = [.. backends];
        foreach (var backend in _backends)
        {
            var referenced = false;
            backend.DangerousAddRef(ref referenced);
        }
    }

    private protected override void Free(SchedulerPtr pointer)
    {
        ggml_backend_sched_free(pointer);
        foreach (var backend in _backends)
            backend.DangerousRelease();
    }
}

/// <summary>Owns a model.</summary>
internal sealed class LlamaModelHandle(LlamaModelPtr pointer, string failure) : NativeHandle<LlamaModelPtr>(pointer, failure)
{
    private protected override void Free(LlamaModelPtr pointer) => llama_model_free(pointer);
}

/// <summary>Owns a loaded adapter. The model would free it too, when it is freed itself: so this goes first, and the model waits for it.</summary>
internal sealed class LlamaAdapterHandle(LlamaAdapterPtr pointer, SafeHandle model, string failure)
    : NativeHandle<LlamaAdapterPtr>(pointer, failure, model)
{
    private protected override void Free(LlamaAdapterPtr pointer) => llama_adapter_lora_free(pointer);
}

/// <summary>Owns a sampler that is in no chain, or a chain with all its samplers.</summary>
internal sealed class SamplerHandle(SamplerPtr pointer, string failure) : NativeHandle<SamplerPtr>(pointer, failure)
{
    private protected override void Free(SamplerPtr pointer) => llama_sampler_free(pointer);
}
