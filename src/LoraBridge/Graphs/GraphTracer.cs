using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Graphs;

/// <summary>
/// Records llama.cpp's own forward graph of a model, by decoding one row of tokens with an observer in place (<c>cb_eval</c>).
/// </summary>
/// <remarks>
/// Flash attention is asked for because it makes attention a single operation, easy to recognise; the cache is F32 so that the
/// recorded graph computes in F32 throughout. Adapters that are set appear in the graph exactly where llama.cpp applies them.
/// </remarks>
internal sealed class GraphTracer
{
    private readonly Dictionary<TensorPtr, TracedTensor> _known = [];
    private readonly List<TracedTensor> _nodes = [];

    private GraphTracer()
    {
    }

    /// <param name="model">The model; its weights, as loaded, become leaves of the graph.</param>
    /// <param name="adapter">An adapter whose branches shall be in the graph, with scale 1; null records the bare model.</param>
    /// <param name="tokens">T, the tokens of a row.</param>
    /// <param name="outputRows">How many of the tokens get logits.</param>
    /// <param name="threads">Threads for the one decode.</param>
    /// <exception cref="NotSupportedException">The model does not decode text into logits, or not from the tokens' ids alone.</exception>
    public static TracedGraph Trace(LlamaModelHandle model, LlamaAdapterHandle? adapter, int tokens, int outputRows, int threads)
    {
        if (llama_model_has_encoder(model.Pointer))
            throw new NotSupportedException("Models with an encoder cannot be trained: a row has no encoded input.");

        var graph = Record(model, adapter, tokens, outputRows, threads, first: 1, stride: 7);
        RequireSameInputs(graph, Record(model, adapter, tokens, outputRows, threads, first: 2, stride: 11));
        return graph;
    }

    /// <summary>Records the graph of one token, to see what is in it: it need not be one that can be trained.</summary>
    /// <exception cref="NotSupportedException">The model does not decode text into logits.</exception>
    public static TracedGraph TraceStructure(LlamaModelHandle model, LlamaAdapterHandle adapter) => llama_model_has_encoder(model.Pointer)
        ? throw new NotSupportedException("Models with an encoder decode nothing without an encoded input.")
        : Record(model, adapter, tokens: 1, outputRows: 1, threads: 1, first: 1, stride: 1);

    /// <summary>Decodes a row of the tokens first, first + stride, ... and records the graph of that.</summary>
    private static TracedGraph Record(
        LlamaModelHandle model, LlamaAdapterHandle? adapter, int tokens, int outputRows, int threads, int first, int stride)
    {
        var tracer = new GraphTracer();
        using var callback = new EvaluationCallback(tracer.Observe);
        var parameters = LlamaContexts.DefaultParameters() with
        {
            n_ctx = (uint)tokens,
            n_batch = (uint)tokens,
            n_ubatch = (uint)tokens,
            n_seq_max = 1,
            n_threads = threads,
            n_threads_batch = threads,
            flash_attn_type = LlamaFlashAttentionType.Enabled,
            type_k = GgmlTensorType.F32,
            type_v = GgmlTensorType.F32,
            swa_full = true,
            offload_kqv = false,
            op_offload = false,
        };
        using var context = LlamaContexts.Create(model, parameters, callback);
        if (adapter is not null && llama_set_adapters_lora(context.Pointer, [adapter.Pointer], 1, [1]) != 0)
            throw new NativeException("The adapter could not be set for tracing.");

        using var batch = new BatchHandle(tokens);
        var vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model.Pointer));
        for (var i = 0; i < tokens; i++)
            batch.Add((int)(((long)i * stride + first) % vocabulary), i, 0, logits: i >= tokens - outputRows);
        var status = llama_decode(context.Pointer, batch.Batch);
        callback.ThrowIfFaulted();
        if (status != 0)
            throw new NativeException($"llama_decode of a row of {tokens} tokens ended with {status}.");

        var output = tracer._nodes.LastOrDefault(node => node.Shape == new Shape(vocabulary, outputRows) && node.Type == GgmlTensorType.F32)
            ?? throw new NotSupportedException($"The model computes no logits [{vocabulary}, {outputRows}].");
        return new TracedGraph(tracer._nodes, output, tokens, outputRows);
    }

    /// <summary>
    /// An input that llama.cpp computes from the ids, a hash of neighbouring tokens for example, would stay as it was for the recorded row,
    /// and everything behind it be silently wrong.
    /// </summary>
    private static void RequireSameInputs(TracedGraph graph, TracedGraph other)
    {
        TracedTensor[] inputs = [.. graph.Leaves.Where(leaf => leaf.IsInput && leaf.Name != TracedGraph.TokensName)];
        TracedTensor[] others = [.. other.Leaves.Where(leaf => leaf.IsInput && leaf.Name != TracedGraph.TokensName)];
        if (inputs.Length != others.Length)
            throw new NotSupportedException("The model's graph depends on which tokens a row has.");
        foreach (var (input, changed) in inputs.Zip(others))
            if (!input.InputData.AsSpan().SequenceEqual(changed.InputData))
                throw new NotSupportedException(
                    $"The input {(input.Name.Length > 0 ? input.Name : "(unnamed)")} {input.Shape} {input.Type}, used by "
                    + $"{graph.Nodes.First(node => node.Sources.Contains(input))}, is computed from the tokens outside of the graph.");
    }

    /// <summary>Asked for every operation before it is computed; nothing is asked to be seen afterwards.</summary>
    private bool Observe(TensorPtr tensor, bool ask)
    {
        if (ask && tensor.Op != GgmlOp.None && !_known.ContainsKey(tensor))
            _nodes.Add(Import(tensor));
        return false;
    }

    private TracedTensor Import(TensorPtr tensor)
    {
        if (_known.TryGetValue(tensor, out var known))
            return known;

        var sources = new List<TracedTensor?>();
        for (var i = 0; i < Ggml.MaxSources; i++)
        {
            var source = tensor.Source(i);
            // CPY names its target as a second source, which may be itself; the target's memory is not an argument.
            var isTarget = tensor.Op == GgmlOp.Cpy && i == 1;
            sources.Add(source.IsNull || isTarget ? null : Import(source));
        }
        while (sources.Count > 0 && sources[^1] is null)
            sources.RemoveAt(sources.Count - 1);

        var isLeaf = tensor.Op == GgmlOp.None;
        var isInput = isLeaf && tensor.Flags.HasFlag(GgmlTensorFlags.Input) && tensor.Data != 0;
        var imported = new TracedTensor
        {
            Name = tensor.Name,
            Op = tensor.Op,
            Type = tensor.Type,
            Shape = tensor.Shape,
            Strides = [tensor.Nb(0), tensor.Nb(1), tensor.Nb(2), tensor.Nb(3)],
            OpParams = tensor.OpParams.ToArray(),
            Sources = [.. sources],
            ViewSource = tensor.ViewSource.IsNull ? null : Import(tensor.ViewSource),
            ViewOffset = (long)tensor.ViewOffset,
            Weight = isLeaf && !isInput ? tensor : default,
            InputData = isInput ? tensor.ToArray<byte>() : null,
        };
        _known.Add(tensor, imported);
        return imported;
    }
}
