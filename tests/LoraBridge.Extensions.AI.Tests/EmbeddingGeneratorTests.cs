using System.Numerics.Tensors;
using LoraBridge.Model;
using LoraBridge.TestKit;
using Microsoft.Extensions.AI;

namespace LoraBridge.Extensions.AI.Tests;

/// <summary>The model-independent facts of Microsoft's EmbeddingGeneratorIntegrationTests, by their names, and what adapters add.</summary>
public sealed class EmbeddingGeneratorTests : IClassFixture<SmallWorld>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SmallWorld _world;
    private readonly LoraAdapter _adapter;
    private readonly LoraBridgeEmbeddingGenerator _generator;

    public EmbeddingGeneratorTests(SmallWorld world)
    {
        _world = world;
        TinyAdapters.Create(SmallWorld.Path).Save(_folder["pirate.gguf"]);
        _adapter = new LoraAdapter(_folder["pirate.gguf"]) { Scale = 30 };
        _generator = new LoraBridgeEmbeddingGenerator(world.Model, new LoraBridgeEmbeddingGeneratorOptions
        {
            ModelId = "small",
            Adapters = new Dictionary<string, LoraAdapter> { ["pirate"] = _adapter },
        });
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _generator.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task GenerateEmbedding_CreatesEmbeddingSuccessfully()
    {
        var embeddings = await _generator.GenerateAsync(["Where is the market?"], cancellationToken: Stop);
        Assert.Equal(_world.Model.Tokenize("Where is the market?").Length, embeddings.Usage!.InputTokenCount);
        Assert.Equal(embeddings.Usage.InputTokenCount, embeddings.Usage.TotalTokenCount);
        var embedding = Assert.Single(embeddings);
        Assert.Equal(("small", _world.Model.EmbeddingSize), (embedding.ModelId, embedding.Vector.Length));
        Assert.NotNull(embedding.CreatedAt);
        Assert.Equal(1, TensorPrimitives.Norm(embedding.Vector.Span), 1e-5f);
    }

    [Fact]
    public async Task GenerateEmbeddings_CreatesEmbeddingsSuccessfully()
    {
        string[] texts = ["Dora lives by the sea.", "Dora lives by the lake.", "9 8 7 6"];
        var embeddings = await _generator.GenerateAsync(texts, cancellationToken: Stop);
        Assert.Equal(3, embeddings.Count);
        Assert.Equal(texts.Sum(text => _world.Model.Tokenize(text).Length), embeddings.Usage!.InputTokenCount);
        Assert.True(Dot(embeddings[0], embeddings[1]) > Dot(embeddings[0], embeddings[2]));
        Assert.InRange(Dot(embeddings[1], (await _generator.GenerateAsync(texts[1], cancellationToken: Stop))), 0.9999f, 1.0001f);
        Assert.Empty(await _generator.GenerateAsync([], cancellationToken: Stop));
    }

    [Fact]
    public async Task Caching_SameOutputsForSameInput()
    {
        using var generator = _generator.AsBuilder().UseDistributedCache(new DictionaryCache()).Build();
        var first = await generator.GenerateAsync("Red, White, and Blue", cancellationToken: Stop);
        var second = await generator.GenerateAsync("Red, White, and Blue", cancellationToken: Stop);
        Assert.Equal(first.Vector.ToArray(), second.Vector.ToArray());
        var other = await generator.GenerateAsync("Red, White, and Green", cancellationToken: Stop);
        Assert.NotEqual(first.Vector.ToArray(), other.Vector.ToArray());
    }

    [Fact]
    public async Task Adapters_are_chosen_by_name_by_property_or_not_at_all()
    {
        var plain = await Embed(null);
        var named = await Embed(new EmbeddingGenerationOptions { ModelId = "pirate" });
        Assert.NotEqual(plain.Vector.ToArray(), named.Vector.ToArray());
        Assert.Equal(named.Vector.ToArray(), (await Embed(new EmbeddingGenerationOptions { ModelId = "small+pirate" })).Vector.ToArray());
        Assert.Equal(named.Vector.ToArray(), (await Embed(new EmbeddingGenerationOptions().UseAdapters(_adapter))).Vector.ToArray());
        Assert.Equal(plain.Vector.ToArray(), (await Embed(new EmbeddingGenerationOptions().UseAdapters())).Vector.ToArray());
        Assert.Equal("pirate", named.ModelId);
        Assert.Contains("there are 'small', 'pirate'", (await Assert.ThrowsAsync<ArgumentException>(() => Embed(new EmbeddingGenerationOptions { ModelId = "parrot" }))).Message);
    }

    [Fact]
    public async Task What_cannot_be_is_refused()
    {
        var size = _world.Model.EmbeddingSize;
        Assert.Contains($"{size}", (await Assert.ThrowsAsync<NotSupportedException>(() => Embed(new EmbeddingGenerationOptions { Dimensions = 16 }))).Message);
        Assert.Equal(size, (await Embed(new EmbeddingGenerationOptions { Dimensions = size })).Vector.Length);
        await Assert.ThrowsAsync<ArgumentNullException>(() => _generator.GenerateAsync(null!, cancellationToken: Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => _generator.GenerateAsync([new string('x', 5000)], cancellationToken: Stop));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _generator.GenerateAsync(["x"], cancellationToken: new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Requests_run_at_the_same_time()
    {
        var expected = (await Embed(null)).Vector.ToArray();
        var embeddings = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Embed(null)));
        Assert.All(embeddings, embedding => Assert.Equal(expected, embedding.Vector.ToArray()));
    }

    [Fact]
    public void Services_tell_what_is_behind()
    {
        Assert.Same(_generator, _generator.GetService<LoraBridgeEmbeddingGenerator>());
        Assert.Same(_world.Model, _generator.GetService<LM>());
        var metadata = _generator.GetService<EmbeddingGeneratorMetadata>()!;
        Assert.Equal(("lorabridge", "small", null, _world.Model.EmbeddingSize), (metadata.ProviderName, metadata.DefaultModelId, metadata.ProviderUri, metadata.DefaultModelDimensions));
        Assert.Null(_generator.GetService(typeof(LM), "key"));
        Assert.Null(_generator.GetService<string>());
    }

    private Task<Embedding<float>> Embed(EmbeddingGenerationOptions? options) => _generator.GenerateAsync("Where is the market?", options, Stop);

    private static float Dot(Embedding<float> left, Embedding<float> right) => TensorPrimitives.Dot(left.Vector.Span, right.Vector.Span);
}
