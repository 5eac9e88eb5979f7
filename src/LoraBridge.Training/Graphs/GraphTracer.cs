using LoraBridge.Formats;
using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Training.Graphs;

/// <summary>
/// Records llama.cpp's own forward graph of a model, by decoding one row of tokens with an observer in place (<c>cb_eval</c>). Every node is
/// asked for before any is computed: once the logits are known, the decode is aborted, and no forward pass is paid for.
/// </summary>
/// <remarks>
/// Flash attention is asked for because it makes attention a single operation, easy to recognise; the cache is F32 so that the
/// recorded graph computes in F32 throughout. Adapters that are set appear in the graph exactly where llama.cpp applies them.
/// What llama.cpp computes before it runs the graph is data of an input: for positions, masks and the like it is the same for every
/// row, and for the rest, which shows when another row is recorded, llama.cpp is asked again for each row (<see cref="TokenInputs"/>).
/// </remarks>
internal sealed class GraphTracer
{
    /// <summary>What llama_decode returns when it was told to end.</summary>
    private const int DecodeAborted = 2;

    private readonly Dictionary<TensorPtr, TracedTensor> _known = [];
    private readonly List<TracedTensor> _nodes = [];
    private readonly List<TracedTensor> _inputs = [];
    private readonly int[] _row;
    private readonly int? _enoughInputs;
    private readonly Shape _logits;
    private bool _isComplete;
    private bool _wasComputed;

    private GraphTracer(int[] row, Shape logits, int? enoughInputs) => (_row, _logits, _enoughInputs) = (row, logits, enoughInputs);

    /// <param name="model">The model; its weights, as loaded, become leaves of the graph.</param>
    /// <param name="adapter">An adapter whose branches are recorded too, with scale 1; null records the bare model.</param>
    /// <param name="tokens">T, the tokens of a row.</param>
    /// <param name="outputRows">How many of the tokens get logits; some models compute them for all.</param>
    /// <param name="threads">Threads for decoding.</param>
    /// <exception cref="NotSupportedException">The model does not decode text into logits.</exception>
    public static TracedGraph Trace(LlamaModelHandle model, LlamaAdapterHandle? adapter, int tokens, int outputRows, int threads)
    {
        if (llama_model_has_encoder(model.Pointer))
            throw new NotSupportedException("Models with an encoder cannot be trained: a row has no encoded input.");

        var recorded = Decode(model, adapter, Row(model, tokens, first: 1, stride: 7), outputRows, threads);
        var otherRows = outputRows > 1 ? outputRows - 1 : Math.Min(2, tokens);
        var other = Decode(model, adapter, Row(model, tokens, first: 2, stride: 11), otherRows, threads);
        var varying = recorded.VaryingInputs(other);
        if (!recorded._inputs.Exists(input => input.HoldsTokens))
            throw new NotSupportedException($"No input of the model's graph holds the ids of the {tokens} tokens it was recorded with.");
        var (graph, otherGraph) = (recorded.Graph(), other.Graph());
        graph = graph with { WithOtherRows = otherGraph.OutputRows == graph.OutputRows ? null : otherGraph };
        return varying.Length == 0 ? graph : graph with
        {
            TokenInputs = new TokenInputs([.. varying.Select(i => recorded._inputs[i])], row =>
            {
                var inputs = Decode(model, null, row, outputRows, threads, varying[^1] + 1)._inputs;
                return [.. varying.Select(i => inputs[i].InputData!)];
            }),
        };
    }

    /// <summary>Records the graph of one token, to see what is in it: it need not be one that can be trained.</summary>
    /// <exception cref="NotSupportedException">The model does not decode text into logits.</exception>
    public static TracedGraph TraceStructure(LlamaModelHandle model, LlamaAdapterHandle adapter) => llama_model_has_encoder(model.Pointer)
        ? throw new NotSupportedException("Models with an encoder decode nothing without an encoded input.")
        : Decode(model, adapter, [1], outputRows: 1, threads: 1).Graph();

    /// <summary>Shows the weights that decoding a token computes with, where they are, in the order of their use.</summary>
    /// <param name="model">The model; it may lie on devices.</param>
    /// <param name="names">The names of its weights: leaves by other names, or copies, are gone with the context that they belong to.</param>
    /// <param name="context">Length of the context that the token is decoded in.</param>
    /// <param name="threads">Threads for the one decode.</param>
    public static IReadOnlyList<TensorPtr> WeightsOf(LlamaModelHandle model, IReadOnlySet<string> names, int context, int threads)
    {
        var weights = new OrderedDictionary<TensorPtr, bool>();
        ShowOperations(model, context, threads, tensor =>
        {
            foreach (var source in tensor.Sources().Where(source => source.Op == GgmlOp.None && names.Contains(source.Name)))
                weights.TryAdd(source, true);
        });
        return [.. weights.Keys];
    }

    /// <summary>
    /// Shows the operations that inference takes for a token, attention step by step, where and as they are computed: they are gone when this returns.
    /// </summary>
    /// <param name="model">The model; it may lie on devices.</param>
    /// <param name="context">Length of the context that the token is decoded in.</param>
    /// <param name="threads">Threads for the one decode.</param>
    /// <param name="show">Receives each operation before it is computed.</param>
    public static void ShowOperations(LlamaModelHandle model, int context, int threads, Action<TensorPtr> show) => Decode(
        model, null, [1], 1, threads, context, (tensor, ask) =>
        {
            if (ask)
                show(tensor);
            return false;
        }, () => false, isInference: true);

    private static int[] Row(LlamaModelHandle model, int tokens, int first, int stride)
    {
        var vocabulary = VocabularySize(model);
        return [.. Enumerable.Range(0, tokens).Select(i => (int)(((long)i * stride + first) % vocabulary))];
    }

    /// <summary>Decodes a row and records the graph of that; or only as many inputs as are wanted, as they are.</summary>
    private static GraphTracer Decode(
        LlamaModelHandle model, LlamaAdapterHandle? adapter, int[] tokens, int outputRows, int threads, int? enoughInputs = null)
    {
        var tracer = new GraphTracer(tokens, new Shape(VocabularySize(model), outputRows), enoughInputs);
        // Where the graph is split among backends, the nodes of a part are asked for before it is computed: the logits are in the last.
        var status = Decode(model, adapter, tokens, outputRows, threads, tokens.Length, tracer.Observe, () => tracer._isComplete);
        tracer._wasComputed = status == 0;
        return status == 0 || status == DecodeAborted && tracer._isComplete ? tracer : throw new NativeException($"llama_decode of a row of {tokens.Length} tokens ended with {status}.");
    }

    /// <summary>Decodes a row in a context of its own.</summary>
    /// <returns>What llama_decode returned.</returns>
    private static int Decode(
        LlamaModelHandle model, LlamaAdapterHandle? adapter, int[] tokens, int outputRows, int threads, int length, Func<TensorPtr, bool, bool> observe,
        Func<bool> shouldAbort, bool isInference = false)
    {
        using var callback = new EvaluationCallback(observe);
        using var abort = new AbortCallback(shouldAbort);
        var parameters = ContextOf(tokens.Length, threads) with
        {
            n_ctx = (uint)length,
            flash_attn_type = isInference ? LlamaFlashAttentionType.Disabled : LlamaFlashAttentionType.Enabled,
            swa_full = true,
            offload_kqv = isInference,
            op_offload = false,
        };
        using var context = LlamaContexts.Create(model, parameters, callback, abort);
        if (adapter is not null && llama_set_adapters_lora(context.Pointer, [adapter.Pointer], 1, [1]) != 0)
            throw new NativeException("The adapter could not be set for tracing.");

        using var batch = new BatchHandle(tokens.Length);
        for (var i = 0; i < tokens.Length; i++)
            batch.Add(tokens[i], i, 0, logits: i >= tokens.Length - outputRows);
        var status = llama_decode(context.Pointer, batch.Batch);
        callback.ThrowIfFaulted();
        return status;
    }

    /// <summary>What a context for one row is made of, with caches in F32 and unfused attention.</summary>
    public static LlamaContextParams ContextOf(int tokens, int threads) => LlamaContexts.DefaultParameters() with
    {
        n_ctx = (uint)tokens,
        n_batch = (uint)tokens,
        n_ubatch = (uint)tokens,
        n_seq_max = 1,
        n_threads = threads,
        n_threads_batch = threads,
        flash_attn_type = LlamaFlashAttentionType.Disabled,
        type_k = GgmlType.F32,
        type_v = GgmlType.F32,
    };

    private TracedGraph Graph()
    {
        var output = _nodes.LastOrDefault(IsLogits) ?? throw new NotSupportedException($"The model computes no logits {_logits}.");
        return new TracedGraph(_nodes, output, _row.Length, (int)output.Shape.Ne1) { WasComputed = _wasComputed };
    }

    /// <summary>Of the rows that were asked for, or of all.</summary>
    private bool IsLogits(TracedTensor node) => node.Type == GgmlType.F32 && (node.Shape == _logits || node.Shape == _logits with { Ne1 = _row.Length });

    private static int VocabularySize(LlamaModelHandle model) => llama_vocab_n_tokens(llama_model_get_vocab(model.Pointer));

    /// <summary>Which inputs hold something else for another row, other than its tokens, and which of those get logits.</summary>
    private int[] VaryingInputs(GraphTracer other)
    {
        if (_inputs.Count != other._inputs.Count)
            throw new NotSupportedException("The model's graph depends on which tokens a row has.");
        // A row of one token looks like any input that holds one number: it is the tokens' if it is for both rows.
        foreach (var (input, counterpart) in _inputs.Zip(other._inputs))
            input.HoldsTokens &= counterpart.HoldsTokens;
        return
        [
            .. _inputs.Zip(other._inputs).Index()
                .Where(pair => !pair.Item.First.HoldsTokens && pair.Item.First.Shape == pair.Item.Second.Shape && !HoldTheSame(pair.Item.First, pair.Item.Second)).Select(pair => pair.Index),
        ];
    }

    private static bool HoldTheSame(TracedTensor a, TracedTensor b) => a.InputData.AsSpan().SequenceEqual(b.InputData) && Equals(a.Mask, b.Mask);

    /// <summary>Asked for every operation before it is computed; nothing is to be seen afterwards.</summary>
    private bool Observe(TensorPtr tensor, bool ask)
    {
        if (ask && tensor.Op != GgmlOp.None && !_known.ContainsKey(tensor))
        {
            var node = Import(tensor);
            _nodes.Add(node);
            _isComplete |= IsLogits(node);
            _inputs.AddRange(node.Sources.OfType<TracedTensor>().Where(source => source.IsInput).Except(_inputs));
        }
        // To see a result and then not to go on is how computing ends early.
        return ask && _inputs.Count >= _enoughInputs;
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
        var mask = isInput && _enoughInputs is null ? PositionMask.TryRead(tensor, _row.Length) : null;
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
            InputData = isInput && mask is null ? tensor.ToArray<byte>() : null,
            Mask = mask,
            HoldsTokens = isInput && tensor.Type == GgmlType.I32 && tensor.Shape == new Shape(_row.Length) && tensor.ToArray<int>().AsSpan().SequenceEqual(_row),
        };
        _known.Add(tensor, imported);
        return imported;
    }
}
