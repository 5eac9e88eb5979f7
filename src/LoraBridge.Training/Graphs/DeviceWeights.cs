using static LoraBridge.Native.Ggml;

namespace LoraBridge.Training.Graphs;

/// <summary>
/// The weights of a loaded model that lie on devices, found by watching it decode one token. A graph that was recorded of the same model in
/// host memory can compute with them instead of its own.
/// </summary>
internal sealed class DeviceWeights
{
    /// <summary>Length of the context that the token is decoded in.</summary>
    private const int Context = 256;

    private readonly Dictionary<string, List<TensorPtr>> _byName = [];

    /// <summary>A model without weights on devices.</summary>
    public static DeviceWeights None { get; } = new();

    /// <summary>Finds the weights of a model; it must not be freed while they are used.</summary>
    /// <param name="model">The model, as loaded for inference.</param>
    /// <param name="names">The names of its weights.</param>
    /// <param name="threads">Threads for what the CPU computes.</param>
    public static DeviceWeights Of(LlamaModelHandle model, IReadOnlySet<string> names, int threads)
    {
        var weights = new DeviceWeights();
        foreach (var leaf in GraphTracer.WeightsOf(model, names, Context, threads).Where(IsOnDevice))
        {
            if (!weights._byName.TryGetValue(leaf.Name, out var tensors))
                weights._byName.Add(leaf.Name, tensors = []);
            tensors.Add(leaf);
        }
        return weights;
    }

    /// <summary>How many there are.</summary>
    public int Count => _byName.Values.Sum(tensors => tensors.Count);

    /// <summary>Whether a tensor is one of them.</summary>
    public bool Contains(TensorPtr weight) => _byName.TryGetValue(weight.Name, out var tensors) && tensors.Contains(weight);

    /// <summary>
    /// Makes the weights of a recorded graph those on the devices, by name; llama.cpp may hold several copies of one, which both sides use in
    /// the same order. What is not on a device stays where it was recorded.
    /// </summary>
    public TracedGraph Bind(TracedGraph graph)
    {
        var used = new Dictionary<string, int>();
        foreach (var leaf in graph.Leaves.Where(leaf => leaf.IsWeight && _byName.ContainsKey(leaf.Name)))
        {
            var copies = _byName[leaf.Name].FindAll(tensor => tensor.Type == leaf.Type && tensor.Shape == leaf.Shape);
            var index = used.GetValueOrDefault(leaf.Name);
            used[leaf.Name] = index + 1;
            if (copies.Count > 0)
                leaf.Weight = copies[Math.Min(index, copies.Count - 1)];
        }
        return graph;
    }

    private static bool IsOnDevice(TensorPtr weight) =>
        !weight.Buffer.IsNull && !ggml_backend_buft_is_host(ggml_backend_buffer_get_type(weight.Buffer));
}
