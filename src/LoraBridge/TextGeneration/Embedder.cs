using System.Numerics;
using System.Numerics.Tensors;
using LoraBridge.Adapters;
using LoraBridge.Model;
using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.TextGeneration;

/// <summary>Computes embeddings of texts, pooled as the model's file says, and normalised to length 1.</summary>
/// <remarks>
/// Models that were not made for embeddings give the mean of their last hidden states. Adapters count, those of the model or those of a
/// call. Calls wait for each other; short texts of one call are computed together. The context grows with the longest text so far.
/// </remarks>
public sealed class Embedder : IDisposable
{
    private const int TextsAtOnce = 16;
    private const int TokensAtOnce = 512;
    private const string PoolingKey = "pooling_type";

    private readonly LM _model;
    private readonly ModelCore _core;
    private readonly LlamaPoolingType _pooling;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CancellationTokenSource _disposal = new();
    private InferenceContext _context;

    /// <summary>Prepares to compute embeddings.</summary>
    /// <param name="model">The model; it stays loaded as long as this.</param>
    /// <param name="contextLength">The most tokens of a text; 0 takes what the model was trained for, at most 4096.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="NotSupportedException">The model computes no embeddings: it ranks texts, or has an encoder and a decoder.</exception>
    /// <exception cref="InvalidOperationException">The model has no tokenizer.</exception>
    /// <exception cref="InsufficientMemoryException">The context needs more memory than there is.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public Embedder(LM model, int contextLength = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegative(contextLength);
        (_model, _core) = (model, model.Core);
        _pooling = PoolingOf(model);
        if (!model.Vocabulary.HasTokenizer)
            throw new InvalidOperationException($"{model.Path} has no tokenizer.");
        ContextLength = InferenceContext.LengthFor(_core, contextLength);
        using (var use = _core.Enter())
            Dimensions = llama_model_n_embd_out(use.Model);
        _context = Create(TokensAtOnce);
    }

    /// <summary>An embedder that was forgotten frees its memory, and lets go of the model.</summary>
    ~Embedder() => _context?.Dispose();

    /// <summary>Numbers of an embedding.</summary>
    public int Dimensions { get; }

    /// <summary>The most tokens of a text.</summary>
    public int ContextLength { get; }

    /// <summary>How the vectors of tokens become one.</summary>
    public EmbeddingPooling Pooling => _pooling switch
    {
        LlamaPoolingType.Cls => EmbeddingPooling.FirstToken,
        LlamaPoolingType.Last => EmbeddingPooling.LastToken,
        _ => EmbeddingPooling.Mean,
    };

    /// <summary>The embedding of a text, with the adapters of the model.</summary>
    /// <param name="text">The text; control tokens in it are read as ordinary text.</param>
    /// <param name="cancellationToken">Stops within the computation.</param>
    /// <inheritdoc cref="GetEmbeddings(IReadOnlyList{string}, IReadOnlyList{LoraAdapter}?, CancellationToken)" path="/exception"/>
    public TextEmbedding GetEmbeddings(string text, CancellationToken cancellationToken = default) =>
        GetEmbeddings([text], adapters: null, cancellationToken)[0];

    /// <summary>The embeddings of texts, in their order.</summary>
    /// <param name="texts">The texts; control tokens in them are read as ordinary text.</param>
    /// <param name="adapters">The adapters that count, none at all included; null takes those of the model.</param>
    /// <param name="cancellationToken">Stops within the computation.</param>
    /// <exception cref="ArgumentException">A text is null, has no tokens, or has more than <see cref="ContextLength"/>; or two adapters have the same file.</exception>
    /// <exception cref="AdapterMismatchException">An adapter was made for another model.</exception>
    /// <exception cref="NotSupportedException">An adapter is an activated one (aLoRA): there is no embedding of half a text.</exception>
    /// <exception cref="InvalidDataException">The model computed no numbers: its weights or an adapter are broken.</exception>
    /// <exception cref="ObjectDisposedException">This was disposed, or is meanwhile.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<TextEmbedding> GetEmbeddings(
        IReadOnlyList<string> texts, IReadOnlyList<LoraAdapter>? adapters = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ObjectDisposedException.ThrowIf(_disposal.IsCancellationRequested, this);
        _turn.Wait(cancellationToken);
        return Compute(texts, adapters, cancellationToken);
    }

    /// <summary>As <see cref="GetEmbeddings(IReadOnlyList{string}, IReadOnlyList{LoraAdapter}?, CancellationToken)"/>, without blocking the caller.</summary>
    /// <inheritdoc cref="GetEmbeddings(IReadOnlyList{string}, IReadOnlyList{LoraAdapter}?, CancellationToken)"/>
    public async Task<IReadOnlyList<TextEmbedding>> GetEmbeddingsAsync(
        IReadOnlyList<string> texts, IReadOnlyList<LoraAdapter>? adapters = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ObjectDisposedException.ThrowIf(_disposal.IsCancellationRequested, this);
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => Compute(texts, adapters, cancellationToken), CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Frees the memory; what is being computed is cancelled.</summary>
    public void Dispose()
    {
        _disposal.Cancel();
        _turn.Wait();
        try
        {
            _context.Dispose();
        }
        finally
        {
            _turn.Release();
        }
        GC.SuppressFinalize(this);
    }

    /// <summary>Takes the turn that was waited for, and ends it.</summary>
    private TextEmbedding[] Compute(IReadOnlyList<string> texts, IReadOnlyList<LoraAdapter>? adapters, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposal.Token);
        var uses = adapters is null ? null : new AdapterUses(_core.Adapters);
        try
        {
            ObjectDisposedException.ThrowIf(_disposal.IsCancellationRequested, this);
            cancellationToken.ThrowIfCancellationRequested();
            int[][] tokens = [.. texts.Select(Tokenize)];
            foreach (var adapter in adapters?.Distinct() ?? [])
                uses!.Add(adapter);
            return Compute(tokens, uses?.Snapshot() ?? _model.CurrentAdapters, stop.Token);
        }
        catch (OperationCanceledException)
        {
            ObjectDisposedException.ThrowIf(_disposal.IsCancellationRequested, this);
            throw;
        }
        finally
        {
            uses?.Clear();
            _turn.Release();
        }
    }

    private TextEmbedding[] Compute(int[][] texts, AdapterSet adapters, CancellationToken stop)
    {
        if (adapters.Lasting != adapters)
            throw new NotSupportedException("An activated adapter (aLoRA) acts on a part of a text, but an embedding is one of the whole.");
        Grow(texts.Max(text => (int?)text.Length) ?? 0);
        _context.SetAdapters(adapters);
        var embeddings = new TextEmbedding[texts.Length];
        for (int first = 0, end; first < texts.Length; first = end)
        {
            for (var sequence = 0; sequence < TextsAtOnce; sequence++)
                _context.Truncate(0, sequence);
            _context.BeginBatch();
            for (end = first; end < texts.Length && end - first < TextsAtOnce && _context.BatchCount + texts[end].Length <= _context.BatchSize; end++)
                Add(texts[end], sequence: end - first);
            _context.Decode(stop);
            for (var i = first; i < end; i++)
                embeddings[i] = new TextEmbedding(Normalized(_context.PooledEmbedding(i - first)), texts[i].Length);
        }
        return embeddings;
    }

    private void Add(int[] text, int sequence)
    {
        for (var position = 0; position < text.Length; position++)
            _context.Add(text[position], position, sequence, wantsLogits: true);
    }

    private int[] Tokenize(string? text)
    {
        ArgumentNullException.ThrowIfNull(text, "texts");
        var tokens = _model.Vocabulary.Tokenize(text, addSpecial: true, parseSpecial: false);
        return tokens.Length > 0 && tokens.Length <= ContextLength
            ? tokens
            : throw new ArgumentException($"The text has {tokens.Length} tokens, expected 1 to {ContextLength}.", nameof(text));
    }

    /// <summary>Makes room for a longer text.</summary>
    private void Grow(int length)
    {
        if (length <= _context.BatchSize)
            return;
        var longer = Create((int)BitOperations.RoundUpToPowerOf2((uint)length));
        _context.Dispose();
        _context = longer;
    }

    private InferenceContext Create(int length) => new(_core, new InferenceContextOptions
    {
        ContextLength = length, BatchSize = length, Sequences = TextsAtOnce, Pooling = _pooling,
    });

    private static float[] Normalized(ReadOnlySpan<float> values)
    {
        var length = TensorPrimitives.Norm(values);
        if (!float.IsFinite(length))
            throw new InvalidDataException("The model computed an embedding that is not made of finite numbers: its weights, or those of an adapter, are broken.");
        var vector = values.ToArray();
        if (length > 0)
            TensorPrimitives.Divide(vector, length, vector);
        return vector;
    }

    private static LlamaPoolingType PoolingOf(LM model)
    {
        using var use = model.Enter();
        if (llama_model_has_encoder(use.Model) && llama_model_has_decoder(use.Model))
            throw new NotSupportedException($"{model.Path} ({model.Architecture}) has an encoder and a decoder: it computes no embeddings.");
        var metadata = model.Files.Metadata;
        var pooling = metadata.TryGetInt32(metadata.ArchitectureKey(PoolingKey), out var value) ? (LlamaPoolingType)value : LlamaPoolingType.None;
        return pooling switch
        {
            LlamaPoolingType.Rank => throw new NotSupportedException($"{model.Path} ranks texts: it computes no embeddings."),
            LlamaPoolingType.Cls or LlamaPoolingType.Last => pooling,
            _ => LlamaPoolingType.Mean,
        };
    }
}

/// <summary>What a model makes of a text.</summary>
/// <param name="Vector">The embedding [<see cref="Embedder.Dimensions"/>], of length 1: the dot product of two is the cosine of their angle.</param>
/// <param name="TokenCount">Tokens of the text.</param>
public sealed record TextEmbedding(ReadOnlyMemory<float> Vector, int TokenCount);
