namespace LoraBridge.Training.Graphs;

/// <summary>Operations of one kind that were left to the CPU beside a device.</summary>
/// <param name="Kind">ggml's name for them with the type of their weights, or the name of our kernel.</param>
/// <param name="Count">How many.</param>
/// <param name="Reason">Why.</param>
internal sealed record HostOperations(string Kind, int Count, string Reason)
{
    /// <summary>
    /// The operations of a graph that was placed that the CPU computes, the most frequent first. Those on weights that lie in host memory are not
    /// among them: they are where the model is.
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="device">What it was placed on.</param>
    /// <param name="isWeight">Whether a leaf is a weight of the model.</param>
    public static IReadOnlyList<HostOperations> Of(ComputeGraph graph, DeviceEngine device, Func<TensorPtr, bool> isWeight)
    {
        return
        [
            .. graph.Nodes
                .Where(node => !node.IsView && device.IsOnHost(node) && !HasHostWeight(node))
                .CountBy(node => (Kind: graph.KindOf(node), Reason: ReasonOf(node)))
                .Select(group => new HostOperations(group.Key.Kind, group.Value, group.Key.Reason))
                .OrderByDescending(group => group.Count),
        ];

        bool HasHostWeight(TensorPtr node) => node.Sources().Any(source => isWeight(source.Root));

        string ReasonOf(TensorPtr node) => node.Op == GgmlOp.Custom
            ? "ggml has no operation for it: a kernel of the CPU computes it"
            : device.Supports(node) ? "the scheduler left it beside others" : CannotCompute(device);
    }

    /// <summary>
    /// The operations of inference that no device can compute, the most frequent first: llama.cpp leaves them to the CPU. Again without those on
    /// weights that lie in host memory.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="devices">What it was loaded on; none is the CPU, which leaves nothing.</param>
    /// <param name="threads">Threads for decoding a token.</param>
    /// <exception cref="NativeException">A device cannot be opened.</exception>
    public static IReadOnlyList<HostOperations> OfInference(LlamaModelHandle model, IReadOnlyList<DevicePtr> devices, int threads)
    {
        const int Context = 256;
        if (devices.Count == 0)
            return [];
        using var engine = new DeviceEngine(devices, DeviceWeights.None, threads);
        var counts = new Dictionary<string, int>();
        GraphTracer.ShowOperations(model, Context, threads, node =>
        {
            if (node.IsView || HasHostLeaf(node) || engine.Supports(node))
                return;
            counts[node.OperationName] = counts.GetValueOrDefault(node.OperationName) + 1;
        });
        return [.. counts.OrderByDescending(pair => pair.Value).Select(pair => new HostOperations(pair.Key, pair.Value, CannotCompute(engine)))];
    }

    private static bool HasHostLeaf(TensorPtr node) => node.Sources().Any(source =>
        source.Root is { Op: GgmlOp.None, Buffer.IsNull: false } root && !root.Flags.HasFlag(GgmlTensorFlags.Input)
        && Ggml.ggml_backend_buft_is_host(Ggml.ggml_backend_buffer_get_type(root.Buffer)));

    private static string CannotCompute(DeviceEngine device) => $"{string.Join(", ", device.Names)} cannot compute it";
}
