using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>Makes contexts.</summary>
internal static class GgmlContexts
{
    /// <summary>
    /// A context for the descriptions of <paramref name="tensors"/> tensors and for <paramref name="graphs"/> graphs of up to
    /// <paramref name="graphSize"/> nodes; element data is allocated elsewhere.
    /// </summary>
    internal static GgmlContextHandle ForDescriptions(long tensors, int graphs = 0, int graphSize = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tensors);
        ArgumentOutOfRangeException.ThrowIfNegative(graphs);
        ArgumentOutOfRangeException.ThrowIfNegative(graphSize);
        var graphBytes = graphs == 0 ? 0 : (long)ggml_graph_overhead_custom((nuint)graphSize, grads: false);
        return Create(checked(tensors * (long)ggml_tensor_overhead() + graphs * graphBytes), noAlloc: true);
    }

    /// <summary>A context of <paramref name="bytes"/> bytes that also holds the element data of its tensors.</summary>
    internal static GgmlContextHandle WithData(long bytes) => Create(bytes, noAlloc: false);

    private static GgmlContextHandle Create(long bytes, bool noAlloc)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        NativeLog.Clear();
        var parameters = new GgmlInitParams { mem_size = (nuint)bytes, no_alloc = noAlloc };
        return new GgmlContextHandle(ggml_init(parameters), $"A ggml context of {bytes} bytes could not be created.");
    }
}
