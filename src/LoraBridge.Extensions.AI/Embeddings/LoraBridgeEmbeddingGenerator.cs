using System.Diagnostics;
using LoraBridge.Model;
using LoraBridge.TextGeneration;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace LoraBridge.Extensions.AI;

/// <summary>A model, with adapters that each request may choose, as an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>. Safe for use by several threads.</summary>
/// <remarks>Embeddings are pooled as the model's file says, by their mean where it says nothing, and normalised to length 1; see <see cref="Embedder"/>.</remarks>
public sealed class LoraBridgeEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly LM _model;
    private readonly Embedder _embedder;
    private readonly AdapterChoice _adapters;
    private readonly EmbeddingGeneratorMetadata _metadata;
    private readonly ILogger? _logger;

    /// <summary>Makes a generator.</summary>
    /// <param name="model">The model; it stays the caller's.</param>
    /// <param name="options">How it computes.</param>
    /// <inheritdoc cref="Embedder(LM, int)" path="/exception"/>
    public LoraBridgeEmbeddingGenerator(LM model, LoraBridgeEmbeddingGeneratorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new LoraBridgeEmbeddingGeneratorOptions();
        (_model, _logger) = (model, options.Logger);
        _adapters = new AdapterChoice(options.ModelId ?? model.Name, options.Adapters, options.DefaultAdapters);
        _embedder = new Embedder(model, options.ContextLength);
        _metadata = new EmbeddingGeneratorMetadata(LoraBridgeTelemetry.Provider, providerUri: null, _adapters.ModelId, _embedder.Dimensions);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A text has no tokens or too many, or the request names a model or adapter that there is not.</exception>
    /// <exception cref="NotSupportedException">Embeddings of other dimensions than the model's are asked for.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        string[] texts = [.. values];
        var modelId = options?.ModelId ?? _adapters.ModelId;
        var adapters = _adapters.Of(options?.ModelId, options?.AdditionalProperties);
        if (options?.Dimensions is { } dimensions && dimensions != _embedder.Dimensions)
            throw new NotSupportedException($"Embeddings of {dimensions} dimensions are asked for, but the model's have {_embedder.Dimensions}.");
        using var activity = Telemetry.StartEmbeddings(modelId, adapters);
        var started = Stopwatch.GetTimestamp();
        try
        {
            var results = await _embedder.GetEmbeddingsAsync(texts, adapters, cancellationToken).ConfigureAwait(false);
            var tokens = results.Sum(result => (long)result.TokenCount);
            var duration = Stopwatch.GetElapsedTime(started);
            Telemetry.RecordEmbeddings(activity, modelId, tokens, duration);
            _logger?.Embedded(modelId, texts.Length, tokens, duration.TotalSeconds);
            var createdAt = DateTimeOffset.UtcNow;
            return new GeneratedEmbeddings<Embedding<float>>(
                results.Select(result => new Embedding<float>(result.Vector) { ModelId = modelId, CreatedAt = createdAt }))
            {
                Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens },
            };
        }
        catch (Exception exception)
        {
            Telemetry.Fail(activity, exception);
            throw;
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        return serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(_model) ? _model
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Frees the memory; requests that are being computed are cancelled. The model stays.</summary>
    public void Dispose() => _embedder.Dispose();
}
