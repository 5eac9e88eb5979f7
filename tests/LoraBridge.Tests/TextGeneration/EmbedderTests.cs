using System.Numerics.Tensors;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration;

public sealed class EmbedderTests : IDisposable
{
    private static readonly string[] Texts = ["Dora lives by the sea.", "x", "The sky above the harbour is grey, and the llamas wait."];

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_embedding_is_the_normalised_mean_of_the_hidden_states()
    {
        using var model = SmallWorld.Load();
        using var embedder = new Embedder(model);
        Assert.Equal((model.EmbeddingSize, EmbeddingPooling.Mean), (embedder.Dimensions, embedder.Pooling));
        foreach (var text in Texts)
        {
            var tokens = model.Tokenize(text);
            var embedding = embedder.GetEmbeddings(text, Stop);
            Assert.Equal(tokens.Length, embedding.TokenCount);
            Assert.Equal(1, TensorPrimitives.Norm(embedding.Vector.Span), 1e-5f);
            var states = HiddenStates(model, tokens);
            var mean = new float[embedder.Dimensions];
            foreach (var state in states)
                TensorPrimitives.Add(mean, state, mean);
            Assert.InRange(Cosine(mean, embedding), 0.9999f, 1.0001f);
            if (tokens.Length > 1)
                Assert.InRange(Cosine(states[^1], embedding), -1, 0.99f);
        }
    }

    [Theory]
    [InlineData(LlamaPoolingType.Mean, EmbeddingPooling.Mean)]
    [InlineData(LlamaPoolingType.Cls, EmbeddingPooling.FirstToken)]
    [InlineData(LlamaPoolingType.Last, EmbeddingPooling.LastToken)]
    [InlineData(LlamaPoolingType.None, EmbeddingPooling.Mean)]
    internal void The_file_of_the_model_says_how_it_is_pooled(LlamaPoolingType type, EmbeddingPooling expected)
    {
        using var model = new LM(WithPooling(type), TinyModels.Device);
        using var embedder = new Embedder(model);
        Assert.Equal(expected, embedder.Pooling);
        var states = HiddenStates(model, model.Tokenize("hello"));
        var mean = new float[embedder.Dimensions];
        foreach (var state in states)
            TensorPrimitives.Add(mean, state, mean);
        var wanted = expected switch { EmbeddingPooling.FirstToken => states[0], EmbeddingPooling.LastToken => states[^1], _ => mean };
        Assert.InRange(Cosine(wanted, embedder.GetEmbeddings("hello", Stop)), 0.9999f, 1.0001f);
    }

    [Fact]
    public async Task Many_texts_together_are_as_each_alone_in_their_order()
    {
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        using var embedder = new Embedder(model, contextLength: 1024);
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => $"{i} {new string('a', i * 7)}"), new string('b', 900), "c"];
        var together = await embedder.GetEmbeddingsAsync(texts, cancellationToken: Stop);
        Assert.Equal(texts.Length, together.Count);
        using var alone = new Embedder(model, contextLength: 1024);
        for (var i = 0; i < texts.Length; i += 5)
        {
            var single = alone.GetEmbeddings(texts[i], Stop);
            Assert.Equal(single.TokenCount, together[i].TokenCount);
            Assert.InRange(Cosine(single.Vector.Span, together[i]), 0.9999f, 1.0001f);
        }
        Assert.Empty(embedder.GetEmbeddings([], cancellationToken: Stop));
        Assert.True(Cosine(together[0].Vector.Span, together[39]) < 0.999f);
    }

    [Fact]
    public void Models_without_attention_and_with_other_tokens_of_context_give_embeddings_too()
    {
        using var model = new LM(TinyFamilies.PathOf(TinyFamily.StateSpace), TinyModels.Device);
        using var embedder = new Embedder(model);
        var embeddings = embedder.GetEmbeddings(["hello", "world"], cancellationToken: Stop);
        Assert.InRange(Cosine(embedder.GetEmbeddings("world", Stop).Vector.Span, embeddings[1]), 0.9999f, 1.0001f);
    }

    [Fact]
    public void Adapters_count_those_of_the_model_or_of_the_call()
    {
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        using var embedder = new Embedder(model);
        var adapter = new LoraAdapter(Save("a.gguf", TinyAdapters.Create(Path, scaleOfB: 0.3f)));
        var plain = embedder.GetEmbeddings("hello", Stop);
        var called = embedder.GetEmbeddings(["hello"], [adapter], Stop)[0];
        Assert.True(Cosine(plain.Vector.Span, called) < 0.99f);
        model.ApplyLoraAdapter(adapter);
        Assert.Equal(called.Vector.ToArray(), embedder.GetEmbeddings("hello", Stop).Vector.ToArray());
        Assert.Equal(plain.Vector.ToArray(), embedder.GetEmbeddings(["hello"], [], Stop)[0].Vector.ToArray());
        adapter.Scale = 0;
        Assert.Equal(plain.Vector.ToArray(), embedder.GetEmbeddings("hello", Stop).Vector.ToArray());
        var activated = new LoraAdapter(Save("activated.gguf", TinyAdapters.Create(Path, invocation: [1])));
        Assert.Contains("aLoRA", Assert.Throws<NotSupportedException>(() => embedder.GetEmbeddings(["hello"], [activated], Stop)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        using var embedder = new Embedder(model, contextLength: 8);
        Assert.Contains("expected 1 to 8", Assert.Throws<ArgumentException>(() => embedder.GetEmbeddings("much too long", Stop)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => embedder.GetEmbeddings([null!], cancellationToken: Stop));
        Assert.Throws<OperationCanceledException>(() => embedder.GetEmbeddings("hello", new CancellationToken(canceled: true)));
        Assert.Equal(embedder.Dimensions, embedder.GetEmbeddings("hello", Stop).Vector.Length);
        using var ranker = new LM(WithPooling(LlamaPoolingType.Rank), TinyModels.Device);
        Assert.Contains("ranks", Assert.Throws<NotSupportedException>(() => new Embedder(ranker)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_keeps_its_model_loaded_and_refuses_once_disposed()
    {
        var model = TinyModels.Load(TinyArchitecture.Llama);
        var embedder = new Embedder(model);
        model.Dispose();
        Assert.Equal(embedder.Dimensions, embedder.GetEmbeddings("hello", Stop).Vector.Length);
        embedder.Dispose();
        embedder.Dispose();
        Assert.Throws<ObjectDisposedException>(() => embedder.GetEmbeddings("hello", Stop));
        Assert.Throws<ObjectDisposedException>(() => new Embedder(model));
    }

    private static string Path => TinyModels.PathOf(TinyArchitecture.Llama);

    private static float Cosine(ReadOnlySpan<float> vector, TextEmbedding embedding) => TensorPrimitives.CosineSimilarity(vector, embedding.Vector.Span);

    /// <summary>The hidden states after the last norm, one for each token, in a context of llama.cpp's own making.</summary>
    private static float[][] HiddenStates(LM model, int[] tokens)
    {
        var parameters = LlamaContexts.DefaultParameters();
        parameters.n_ctx = 512;
        parameters.embeddings = true;
        parameters.pooling_type = LlamaPoolingType.None;
        parameters.n_threads = parameters.n_threads_batch = 1;
        using var context = LlamaContexts.Create(model.SharedCore.ForInference(), parameters);
        using var batch = new BatchHandle(tokens.Length);
        for (var i = 0; i < tokens.Length; i++)
            batch.Add(tokens[i], i, sequence: 0, logits: true);
        Assert.Equal(0, Llama.llama_decode(context.Pointer, batch.Batch));
        return [.. tokens.Select((_, i) => LlamaContexts.Embeddings(context, i).ToArray())];
    }

    private string WithPooling(LlamaPoolingType type)
    {
        var writer = TinyModelWriter.Create(TinyArchitecture.Llama);
        writer.Metadata.Set("llama.pooling_type", (uint)type);
        return Save($"{type}.gguf", writer);
    }

    private string Save(string name, GgufWriter writer)
    {
        writer.Save(_folder[name]);
        return _folder[name];
    }
}
