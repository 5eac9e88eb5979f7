using System.Runtime.InteropServices;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>Opens devices, and reaches the functions that a backend offers beyond the common interface.</summary>
internal static unsafe class Backends
{
    /// <summary>Opens <paramref name="device"/>. A CPU starts with 4 threads, whatever the machine: set the count.</summary>
    internal static BackendHandle Open(DevicePtr device)
    {
        NativeLog.Clear();
        return new BackendHandle(ggml_backend_dev_init(device, null), $"The device {ggml_backend_dev_name(device)} could not be opened.");
    }

    /// <summary>Sets the number of threads. False: the backend has none to set (a GPU).</summary>
    internal static bool SetThreadCount(BackendHandle backend, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        var function = (delegate* unmanaged[Cdecl]<BackendPtr, int, void>)Function(Registry(backend), "ggml_backend_set_n_threads");
        if (function == null)
            return false;
        function(backend.Pointer, threads);
        return true;
    }

    /// <summary>
    /// Gives the CPU threads that stay between its computations. Without, it starts them anew for each, and each meets managed kernels as a
    /// thread that the runtime has never seen. False: the backend has no threads of ours (a GPU).
    /// </summary>
    internal static bool KeepThreads(BackendHandle backend, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, MaxThreads);
        var registry = Registry(backend);
        var create = (delegate* unmanaged[Cdecl]<GgmlThreadpoolParams*, ThreadPoolPtr>)Function(registry, "ggml_threadpool_new");
        var free = (delegate* unmanaged[Cdecl]<ThreadPoolPtr, void>)Function(registry, "ggml_threadpool_free");
        var use = (delegate* unmanaged[Cdecl]<BackendPtr, ThreadPoolPtr, void>)Function(registry, "ggml_backend_cpu_set_threadpool");
        if (create == null || free == null || use == null)
            return false;

        ggml_threadpool_params_init(out var parameters, threads);
        // Threads sleep at once when a computation ends: what comes next is ours to compute.
        parameters.poll = 0;
        var pool = new ThreadPoolHandle(create(&parameters), free);
        use(backend.Pointer, pool.Pointer);
        backend.Threads = pool;
        return true;
    }

    /// <summary>Lets <paramref name="callback"/> end computations; null removes it. False: the backend cannot be aborted.</summary>
    internal static bool SetAbortCallback(BackendHandle backend, AbortCallback? callback)
    {
        var function = (delegate* unmanaged[Cdecl]<BackendPtr, delegate* unmanaged[Cdecl]<nint, byte>, nint, void>)
            Function(Registry(backend), "ggml_backend_set_abort_callback");
        if (function == null)
            return false;
        function(backend.Pointer, callback is null ? null : AbortCallback.Function, callback?.UserData ?? 0);
        return true;
    }

    /// <summary>Buffer types beyond the default one, such as the CPU's repacked weights (<c>CPU_REPACK</c>).</summary>
    internal static IReadOnlyList<BufferTypePtr> ExtraBufferTypes(DevicePtr device)
    {
        var function = (delegate* unmanaged[Cdecl]<DevicePtr, BufferTypePtr*>)
            Function(ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts");
        var types = new List<BufferTypePtr>();
        if (function == null)
            return types;
        for (var type = function(device); type != null && !type->IsNull; type++)
            types.Add(*type);
        return types;
    }

    /// <summary>Features that the backend of <paramref name="device"/> was built with or detected, such as <c>AVX2</c> = <c>1</c>.</summary>
    internal static IReadOnlyDictionary<string, string> Features(DevicePtr device)
    {
        var registry = ggml_backend_dev_backend_reg(device);
        var function = (delegate* unmanaged[Cdecl]<RegistryPtr, nint*>)Function(registry, "ggml_backend_get_features");
        var features = new Dictionary<string, string>();
        if (function == null)
            return features;
        for (var pair = function(registry); pair != null && pair[0] != 0; pair += 2)
            features[Marshal.PtrToStringUTF8(pair[0])!] = Marshal.PtrToStringUTF8(pair[1]) ?? "";
        return features;
    }

    private static RegistryPtr Registry(BackendHandle backend) =>
        ggml_backend_dev_backend_reg(ggml_backend_get_device(backend.Pointer));

    private static void* Function(RegistryPtr registry, string name) => (void*)ggml_backend_reg_get_proc_address(registry, name);
}
