using LoraBridge.Adapters;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.TextGeneration;

/// <summary>
/// A native context of a model, made with checked sizes: some sequences of tokens, each from position 0, under one set of adapters.
/// Not safe for several threads at once.
/// </summary>
internal sealed class InferenceContext : IDisposable
{
    private const int DecodeAborted = 2;
    private const int NoRoom = 1;
    private const int DefaultContextLength = 4096;

    private readonly ModelCore _core;
    private readonly InferenceContextOptions _options;
    private readonly StopSignal _stop = new();
    private readonly AbortCallback _abort;
    private readonly BatchHandle _batch;
    private readonly LlamaContextHandle _context;
    private readonly int _vocabularySize;
    private int _outputs;
    private bool _mustReserve;

    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    /// <exception cref="InsufficientMemoryException">The context needs more memory than there is.</exception>
    /// <exception cref="NativeException">llama.cpp could not make the context.</exception>
    internal InferenceContext(ModelCore core, InferenceContextOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.ContextLength);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.BatchSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Sequences);
        core.AddReference();
        _core = core;
        _abort = new AbortCallback(_stop.IsSet);
        try
        {
            var length = LengthFor(core, options.ContextLength);
            _options = options with { ContextLength = length, BatchSize = Math.Max(Math.Min(options.BatchSize, length), options.Sequences) };
            ContextMemory.Check(core, length, options.Pooling is null ? options.Sequences : 1, _options.Exact ? sizeof(float) : sizeof(short));
            _batch = new BatchHandle(_options.BatchSize);
            _context = Create();
            _vocabularySize = LlamaContexts.VocabularySize(_context);
        }
        catch
        {
            _batch?.Dispose();
            _abort.Dispose();
            core.Release();
            throw;
        }
    }

    /// <summary>Tokens that each sequence holds.</summary>
    internal int Length => _options.ContextLength;

    /// <summary>Number of sequences.</summary>
    internal int Sequences => _options.Sequences;

    /// <summary>Tokens computed at once.</summary>
    internal int BatchSize => _options.BatchSize;

    /// <summary>The adapters that act on what is computed next.</summary>
    internal AdapterSet Adapters { get; private set; } = AdapterSet.Empty;

    /// <summary>Tokens of the batch that is being put together.</summary>
    internal int BatchCount => _batch.Count;

    /// <summary>The tokens that a context of a model holds, if so many are asked for; 0 takes what the model was trained for, at most 4096.</summary>
    internal static int LengthFor(ModelCore core, int contextLength)
    {
        using var use = core.Enter();
        return contextLength > 0 ? contextLength : Math.Min(llama_model_n_ctx_train(use.Model), DefaultContextLength);
    }

    /// <summary>Changes the adapters, which empties the cache. Those that it has already leave the cache as it is.</summary>
    /// <exception cref="InvalidOperationException">An adapter of the set was freed.</exception>
    internal void SetAdapters(AdapterSet adapters)
    {
        if (!TrySetAdapters(adapters))
            throw new InvalidOperationException("An adapter was removed before it was used.");
    }

    /// <summary>As <see cref="SetAdapters"/>; false when an adapter of the set was freed, and nothing has changed.</summary>
    internal bool TrySetAdapters(AdapterSet adapters)
    {
        if (adapters.Equals(Adapters))
            return true;
        lock (_core.Gate)
        {
            if (adapters.IsStale)
                return false;
            SetNative(adapters);
            ReserveGraphs();
            _mustReserve = false;
        }
        llama_memory_clear(llama_get_memory(_context.Pointer), data: true);
        return true;
    }

    /// <summary>Lets other adapters act on what is computed from here on, and leaves the cache as it is. False: one of them was freed.</summary>
    internal bool TryActivate(AdapterSet adapters)
    {
        if (adapters.Equals(Adapters))
            return true;
        lock (_core.Gate)
        {
            if (adapters.IsStale)
                return false;
            SetNative(adapters);
            _mustReserve = true;
        }
        return true;
    }

    /// <summary>Forgets the tokens of a sequence from a position on; what is left may be less: 0 when the model cannot forget in part.</summary>
    /// <returns>How many tokens the sequence still holds.</returns>
    internal int Truncate(int position, int sequence = 0)
    {
        var memory = llama_get_memory(_context.Pointer);
        if (position > 0 && llama_memory_seq_rm(memory, sequence, position, -1))
            return position;
        llama_memory_seq_rm(memory, sequence, -1, -1);
        return 0;
    }

    /// <summary>Whether tokens within a sequence can be taken out, and those behind them moved up.</summary>
    internal bool CanShift => llama_memory_can_shift(llama_get_memory(_context.Pointer));

    /// <summary>Takes tokens out of a sequence and moves those behind them up. False: the model cannot, and nothing has changed.</summary>
    internal bool Shift(int position, int count, int sequence)
    {
        var memory = llama_get_memory(_context.Pointer);
        if (!llama_memory_can_shift(memory) || !llama_memory_seq_rm(memory, sequence, position, position + count))
            return false;
        llama_memory_seq_add(memory, sequence, position + count, -1, -count);
        return true;
    }

    /// <summary>Makes a sequence a copy of another one.</summary>
    internal void Copy(int from, int to)
    {
        var memory = llama_get_memory(_context.Pointer);
        llama_memory_seq_rm(memory, to, -1, -1);
        llama_memory_seq_cp(memory, from, to, -1, -1);
    }

    /// <summary>What the cache holds of a sequence.</summary>
    internal byte[] Save(int sequence)
    {
        var state = new byte[checked((int)llama_state_seq_get_size(_context.Pointer, sequence))];
        var written = llama_state_seq_get_data(_context.Pointer, state, (nuint)state.Length, sequence);
        return written == (nuint)state.Length
            ? state
            : throw new NativeException($"The state of a sequence could not be saved: {written} of {state.Length} bytes were written.");
    }

    /// <summary>Puts back what <see cref="Save"/> took out of a context of the same model and kind. False: it does not fit, and the sequence is empty.</summary>
    internal bool Restore(int sequence, ReadOnlySpan<byte> state)
    {
        Truncate(0, sequence);
        if (llama_state_seq_set_data(_context.Pointer, state, (nuint)state.Length, sequence) == (nuint)state.Length)
            return true;
        Truncate(0, sequence);
        return false;
    }

    /// <summary>Starts a batch.</summary>
    internal void BeginBatch()
    {
        _batch.Clear();
        _outputs = 0;
    }

    /// <summary>Adds a token to the batch.</summary>
    /// <param name="token">A token of the vocabulary.</param>
    /// <param name="position">Its position in the sequence: the first that the sequence does not hold yet.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="wantsLogits">Whether the logits after it are asked for.</param>
    /// <returns>The index of its logits.</returns>
    internal int Add(int token, int position, int sequence, bool wantsLogits)
    {
        if ((uint)token >= (uint)_vocabularySize)
            throw new ArgumentOutOfRangeException(nameof(token), token, $"The vocabulary has {_vocabularySize} tokens.");
        if ((uint)position >= (uint)Length)
            throw new ArgumentOutOfRangeException(nameof(position), position, $"The context holds {Length} tokens.");
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)sequence, (uint)Sequences, nameof(sequence));
        if (wantsLogits && _options.MaximumOutputs > 0 && ++_outputs > _options.MaximumOutputs)
            throw new InvalidOperationException($"The context was made for {_options.MaximumOutputs} logits at once.");
        _batch.Add(token, position, sequence, wantsLogits);
        return _batch.Count - 1;
    }

    /// <summary>Computes the batch. When it fails, truncate its sequences to what they held before.</summary>
    /// <param name="stops">The computation is stopped once all of them are cancelled.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    internal void Decode(params ReadOnlySpan<CancellationToken> stops)
    {
        _stop.Set(stops);
        try
        {
            NativeLog.Clear();
            var status = Compute();
            if (status == 0)
                return;
            _abort.ThrowIfFaulted();
            throw status switch
            {
                DecodeAborted => new OperationCanceledException("The computation was cancelled.", stops.Length > 0 ? stops[0] : default),
                NoRoom => new InvalidOperationException($"The context of {Length} tokens has no room for the {BatchCount} tokens of the batch."),
                _ => new NativeException($"A batch of {BatchCount} tokens could not be computed (status {status})."),
            };
        }
        finally
        {
            _stop.Clear();
        }
    }

    /// <summary>Computes tokens of the first sequence from a position on, at most <see cref="BatchSize"/>.</summary>
    /// <param name="tokens">Tokens of the vocabulary.</param>
    /// <param name="position">Position of the first.</param>
    /// <param name="wantsLogits">Whether the logits after a token, by its index, are asked for.</param>
    /// <param name="cancellationToken">Stops within the computation.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    internal void Decode(ReadOnlySpan<int> tokens, int position, Func<int, bool> wantsLogits, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (tokens.IsEmpty || position < 0 || position + tokens.Length > Length)
            throw new ArgumentOutOfRangeException(nameof(tokens), $"{tokens.Length} tokens at {position} do not fit a context of {Length}.");
        BeginBatch();
        for (var i = 0; i < tokens.Length; i++)
            Add(tokens[i], position + i, sequence: 0, wantsLogits(i));
        Decode(cancellationToken);
    }

    /// <summary>Logits [vocabulary] after the token of this index of the last batch; borrowed until the next one.</summary>
    internal ReadOnlySpan<float> Logits(int index) => LlamaContexts.Logits(_context, index);

    /// <summary>Pooled embedding of a sequence of the last batch; borrowed until the next one.</summary>
    internal ReadOnlySpan<float> PooledEmbedding(int sequence) => LlamaContexts.PooledEmbedding(_context, sequence);

    public void Dispose()
    {
        if (_context.IsClosed)
            return;
        lock (_core.Gate)
            _context.Dispose();
        _batch.Dispose();
        _abort.Dispose();
        _core.Release();
    }

    private LlamaContextHandle Create()
    {
        var parameters = LlamaContexts.DefaultParameters();
        parameters.n_ctx = checked((uint)_options.ContextLength * (uint)_options.Sequences);
        parameters.n_batch = parameters.n_ubatch = (uint)_options.BatchSize;
        parameters.n_seq_max = (uint)_options.Sequences;
        parameters.n_outputs_max = (uint)_options.MaximumOutputs;
        parameters.n_threads = parameters.n_threads_batch = _core.Threads;
        if (_options.Pooling is { } pooling)
        {
            parameters.n_ctx = (uint)_options.ContextLength;
            parameters.kv_unified = true;
            parameters.embeddings = true;
            parameters.pooling_type = pooling;
        }
        if (_options.Exact)
        {
            parameters.type_k = parameters.type_v = GgmlType.F32;
            parameters.flash_attn_type = LlamaFlashAttentionType.Disabled;
        }
        lock (_core.Gate)
            return LlamaContexts.Create(_options.Model ?? _core.ForInference(), parameters, abort: _abort);
    }

    private void SetNative(AdapterSet adapters)
    {
        _context.SetAdapters([.. adapters.Entries.Select(entry => (entry.Adapter.Handle, entry.Scale))]);
        Adapters = adapters;
    }

    private int Compute()
    {
        if (!_mustReserve)
            return llama_decode(_context.Pointer, _batch.Batch);
        // As in ReserveGraphs, but with a cache to keep: so the computation itself is under the gate.
        lock (_core.Gate)
        {
            _mustReserve = false;
            return llama_decode(_context.Pointer, _batch.Batch);
        }
    }

    /// <summary>
    /// After a change of adapters, the next computation sizes its graphs by all adapters that the model has loaded, without a lock.
    /// So that happens here, under the gate: in a computation that is stopped before it does any work.
    /// </summary>
    private void ReserveGraphs()
    {
        llama_memory_clear(llama_get_memory(_context.Pointer), data: false);
        BeginBatch();
        Add(token: 0, position: 0, sequence: 0, wantsLogits: true);
        NativeLog.IsQuiet = true;
        try
        {
            _stop.Set([new CancellationToken(canceled: true)]);
            llama_decode(_context.Pointer, _batch.Batch);
        }
        finally
        {
            NativeLog.IsQuiet = false;
            _stop.Clear();
        }
    }

    /// <summary>What native code asks. It must not refer to the context: native code keeps it alive, and a forgotten context shall be collected.</summary>
    private sealed class StopSignal
    {
        private readonly List<CancellationToken> _tokens = [];

        internal void Set(ReadOnlySpan<CancellationToken> tokens)
        {
            _tokens.Clear();
            _tokens.AddRange(tokens);
        }

        internal void Clear() => _tokens.Clear();

        internal bool IsSet()
        {
            foreach (var token in _tokens)
            {
                if (!token.IsCancellationRequested)
                    return false;
            }
            return _tokens.Count > 0;
        }
    }
}
