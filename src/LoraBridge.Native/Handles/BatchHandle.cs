using System.Runtime.InteropServices;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Owns a batch of tokens and fills it, never beyond its capacity.</summary>
internal sealed unsafe class BatchHandle : SafeHandle
{
    private readonly int _maxSequences;
    private LlamaBatch _batch;

    /// <summary>A batch for up to <paramref name="capacity"/> tokens, each in up to <paramref name="maxSequences"/> sequences.</summary>
    internal BatchHandle(int capacity, int maxSequences = 1) : base(0, ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxSequences);
        Capacity = capacity;
        _maxSequences = maxSequences;
        _batch = llama_batch_init(capacity, embd: 0, maxSequences);
        if (_batch.token == null)
            throw new NativeException($"A batch of {capacity} tokens could not be allocated.");
        SetHandle((nint)_batch.token);
    }

    public override bool IsInvalid => handle == 0;

    internal int Capacity { get; }

    /// <summary>Number of tokens added since <see cref="Clear"/>.</summary>
    internal int Count => _batch.n_tokens;

    /// <summary>The batch to hand to <c>llama_decode</c>; valid until this is disposed.</summary>
    internal LlamaBatch Batch => IsClosed ? throw new ObjectDisposedException(nameof(BatchHandle)) : _batch;

    internal void Clear() => _batch.n_tokens = 0;

    /// <summary>Adds a token of one sequence.</summary>
    internal void Add(int token, int position, int sequence, bool logits) => Add(token, position, [sequence], logits);

    /// <summary>Adds a token that belongs to all of <paramref name="sequences"/>; <paramref name="logits"/> asks for its output.</summary>
    internal void Add(int token, int position, ReadOnlySpan<int> sequences, bool logits)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        if (Count == Capacity)
            throw new InvalidOperationException($"The batch is full: it holds {Capacity} tokens.");
        if (sequences.Length < 1 || sequences.Length > _maxSequences)
            throw new ArgumentException($"A token of this batch has 1 to {_maxSequences} sequences; found {sequences.Length}.", nameof(sequences));
        var i = _batch.n_tokens++;
        _batch.token[i] = token;
        _batch.pos[i] = position;
        _batch.n_seq_id[i] = sequences.Length;
        sequences.CopyTo(new Span<int>(_batch.seq_id[i], sequences.Length));
        _batch.logits[i] = logits ? (sbyte)1 : (sbyte)0;
    }

    protected override bool ReleaseHandle()
    {
        llama_batch_free(_batch);
        return true;
    }
}
