using LoraBridge.Adapters;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.TextGeneration;

/// <summary>
/// A native context of a model, made with checked sizes: one sequence of tokens from position 0. Not safe for several threads at once.
/// </summary>
internal sealed class InferenceContext : IDisposable
{
    private const int Sequence = 0;
    private const int DecodeAborted = 2;
    private const int NoRoom = 1;
    private const int DefaultContextLength = 4096;

    private readonly ModelCore _core;
    private readonly InferenceContextOptions _options;
    private readonly StopSignal _stop = new();
    private readonly AbortCallback _abort;
    private readonly BatchHandle _batch;
    private LlamaContextHandle _context;
    private int _adapterGeneration;

    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    /// <exception cref="InsufficientMemoryException">The context needs more memory than there is.</exception>
    /// <exception cref="NativeException">llama.cpp could not make the context.</exception>
    internal InferenceContext(ModelCore core, InferenceContextOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.ContextLength);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.BatchSize);
        core.AddReference();
        _core = core;
        _abort = new AbortCallback(_stop.IsSet);
        try
        {
            var trained = llama_model_n_ctx_train(core.Handle.Pointer);
            var length = options.ContextLength > 0 ? options.ContextLength : Math.Min(trained, DefaultContextLength);
            _options = options with { ContextLength = length, BatchSize = Math.Min(options.BatchSize, length) };
            ContextMemory.Check(core.Files.Metadata, length, _options.Exact ? sizeof(float) : sizeof(short));
            _batch = new BatchHandle(_options.BatchSize);
            _context = Create();
        }
        catch
        {
            _batch?.Dispose();
            _abort.Dispose();
            core.Release();
            throw;
        }
    }

    /// <summary>Tokens the context holds.</summary>
    internal int Length => _options.ContextLength;

    /// <summary>Tokens computed at once.</summary>
    internal int BatchSize => _options.BatchSize;

    /// <summary>The adapters under which everything in the cache was computed.</summary>
    internal AdapterSet Adapters { get; private set; } = AdapterSet.Empty;

    /// <summary>Changes the adapters, which empties the cache. False: they are the same already, and the cache stays.</summary>
    internal bool SetAdapters(AdapterSet adapters)
    {
        if (adapters.Equals(Adapters))
            return false;
        lock (_core.Gate)
        {
            // A context sizes its graphs by the adapters that are loaded when it is made.
            if (_adapterGeneration != _core.Adapters.Generation)
            {
                _context.Dispose();
                _context = Create();
            }
            _context.SetAdapters(_core.Adapters.Resolve(adapters));
            Adapters = adapters;
        }
        Truncate(0);
        return true;
    }

    /// <summary>Forgets the tokens from a position on; what is left may be less: 0 when the model cannot forget in part.</summary>
    /// <returns>How many tokens the cache still holds.</returns>
    internal int Truncate(int position)
    {
        var memory = llama_get_memory(_context.Pointer);
        if (position > 0 && llama_memory_seq_rm(memory, Sequence, position, -1))
            return position;
        llama_memory_clear(memory, data: true);
        return 0;
    }

    /// <summary>Computes tokens from a position on, at most <see cref="BatchSize"/>. When it fails, truncate the cache to that position.</summary>
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
        var vocabulary = LlamaContexts.VocabularySize(_context);
        _batch.Clear();
        for (var i = 0; i < tokens.Length; i++)
        {
            if ((uint)tokens[i] >= (uint)vocabulary)
                throw new ArgumentOutOfRangeException(nameof(tokens), tokens[i], $"The vocabulary has {vocabulary} tokens.");
            _batch.Add(tokens[i], position + i, Sequence, wantsLogits(i));
        }

        _stop.Token = cancellationToken;
        NativeLog.Clear();
        var status = llama_decode(_context.Pointer, _batch.Batch);
        if (status == 0)
            return;
        _abort.ThrowIfFaulted();
        throw status switch
        {
            DecodeAborted => new OperationCanceledException("The computation was cancelled.", cancellationToken),
            NoRoom => new InvalidOperationException($"The context of {Length} tokens has no room for {tokens.Length} tokens at {position}."),
            _ => new NativeException($"{tokens.Length} tokens at position {position} could not be computed (status {status})."),
        };
    }

    /// <summary>Logits [vocabulary] after the token of this index of the last <see cref="Decode"/>; borrowed until the next one.</summary>
    internal ReadOnlySpan<float> Logits(int index) => LlamaContexts.Logits(_context, index);

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
        parameters.n_ctx = (uint)_options.ContextLength;
        parameters.n_batch = parameters.n_ubatch = (uint)_options.BatchSize;
        parameters.n_seq_max = 1;
        parameters.n_threads = parameters.n_threads_batch = _core.Threads;
        if (_options.Exact)
        {
            parameters.type_k = parameters.type_v = GgmlType.F32;
            parameters.flash_attn_type = LlamaFlashAttentionType.Disabled;
        }
        lock (_core.Gate)
        {
            _adapterGeneration = _core.Adapters.Generation;
            return LlamaContexts.Create(_core.Handle, parameters, abort: _abort);
        }
    }

    /// <summary>What native code asks. It must not refer to the context: native code keeps it alive, and a forgotten context shall be collected.</summary>
    private sealed class StopSignal
    {
        internal CancellationToken Token { get; set; }

        internal bool IsSet() => Token.IsCancellationRequested;
    }
}
