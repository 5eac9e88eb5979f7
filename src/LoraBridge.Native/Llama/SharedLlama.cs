using System.Runtime.InteropServices;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Models and contexts that another library of the process made with the same llama.cpp, and owns.</summary>
internal static class SharedLlama
{
    /// <summary>Loads an adapter for a model, which stays alive as long as the adapter.</summary>
    /// <inheritdoc cref="LlamaAdapters.Load(LlamaModelHandle, string)" path="/exception"/>
    internal static LlamaAdapterHandle LoadAdapter(SafeHandle model, string path) =>
        Use(model, address => LlamaAdapters.Load(new LlamaModelPtr(address), model, path));

    /// <summary>A metadata value of a model; null when there is none.</summary>
    internal static string? Metadata(SafeHandle model, string key) => Use(model, address => LlamaMetadata.Value(new LlamaModelPtr(address), key));

    /// <summary>
    /// Replaces the whole set of adapters of a context and makes it forget what it has read. The caller keeps the adapters as long as they
    /// are set.
    /// </summary>
    /// <exception cref="NativeException">llama.cpp refused them.</exception>
    /// <exception cref="ObjectDisposedException">The context was disposed.</exception>
    internal static void SetAdapters(SafeHandle context, IReadOnlyList<(LlamaAdapterHandle Adapter, float Scale)> adapters) => Use(context, address =>
    {
        var pointer = new LlamaContextPtr(address);
        LlamaAdapterPtr[] pointers = [.. adapters.Select(entry => entry.Adapter.Pointer)];
        float[] scales = [.. adapters.Select(entry => entry.Scale)];
        NativeLog.Clear();
        if (llama_set_adapters_lora(pointer, pointers, (nuint)pointers.Length, scales) != 0)
            throw new NativeException($"{pointers.Length} adapters could not be set on the context.");
        if (llama_get_memory(pointer) is { IsNull: false } memory)
            llama_memory_clear(memory, data: true);
        return true;
    });

    private static T Use<T>(SafeHandle handle, Func<nint, T> action)
    {
        var referenced = false;
        handle.DangerousAddRef(ref referenced);
        try
        {
            return action(handle.DangerousGetHandle());
        }
        finally
        {
            handle.DangerousRelease();
        }
    }
}
