using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Model;

public sealed class ModelLoadingTests
{
    [Theory]
    [InlineData(TinyArchitecture.Llama, TinyType.F32)]
    [InlineData(TinyArchitecture.Llama, TinyType.Q4_0)]
    [InlineData(TinyArchitecture.Llama, TinyType.Q4_K_M)]
    [InlineData(TinyArchitecture.Qwen3, TinyType.Q8_0)]
    [InlineData(TinyArchitecture.Gemma3, TinyType.Q4_K_M)]
    public void A_model_says_what_it_is(TinyArchitecture architecture, TinyType type)
    {
        using var model = TinyModels.Load(architecture, type);

        Assert.Equal(architecture.ToString().ToLowerInvariant(), model.Architecture);
        Assert.Equal($"Tiny {architecture}", model.Name);
        Assert.Equal(2, model.LayerCount);
        Assert.Equal(256, model.EmbeddingSize);
        Assert.Equal(1024, model.ContextLength);
        Assert.Equal(TinyVocabulary.Size, model.VocabularySize);
        Assert.Equal("cpu", model.Backend);
        Assert.Equal(model.Files.Tensors.Sum(tensor => tensor.Info.ElementCount), model.ParameterCount);
        Assert.Equal(TinyVocabulary.ChatTemplate, model.ChatTemplate);
        Assert.Equal("<|im_end|>", model.EosText);
        Assert.StartsWith(type switch { TinyType.F32 => "all F32", TinyType.Q4_K_M => "Q4_K", _ => type.ToString() }, model.QuantizationType);
    }

    [Fact]
    public void Missing_and_blank_paths_are_told_apart()
    {
        Assert.Throws<FileNotFoundException>(() => new LM("no-such-model.gguf", TinyModels.Device));
        Assert.ThrowsAny<ArgumentException>(() => new LM(" ", TinyModels.Device));
        Assert.ThrowsAny<ArgumentException>(() => new LM((string)null!, TinyModels.Device));
        Assert.ThrowsAny<ArgumentException>(() => LM.LoadFromModelID(" ", TinyModels.Device));
        Assert.Contains("gemma3:12b", Assert.Throws<ArgumentException>(() => LM.LoadFromModelID("gemma3:13b", TinyModels.Device)).Message);
        Assert.Throws<ArgumentException>(() => new LM(new Uri("ftp://example.org/model.gguf"), TinyModels.Device));
        Assert.Throws<ArgumentException>(() => new LM(new Uri("model.gguf", UriKind.Relative), TinyModels.Device));
    }

    [Fact]
    public async Task A_model_loads_by_uri_identifier_and_task()
    {
        var path = TinyModels.PathOf(TinyArchitecture.Llama);
        using var byUri = new LM(new Uri(path), TinyModels.Device);
        using var byId = LM.LoadFromModelID(path, TinyModels.Device, cancellationToken: TestContext.Current.CancellationToken);
        using var byTask = await LM.LoadAsync(path, TinyModels.Device, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(byUri.ParameterCount, byId.ParameterCount);
        Assert.Equal(byUri.ParameterCount, byTask.ParameterCount);
    }

    [Fact]
    public void Progress_reaches_one_and_cancelling_from_it_stops()
    {
        var path = TinyModels.PathOf(TinyArchitecture.Llama);
        var reported = new List<double>();
        using (new LM(path, TinyModels.Device, progress: new SynchronousProgress<ModelLoadingProgress>(value => reported.Add(value.Fraction)), cancellationToken: TestContext.Current.CancellationToken))
            Assert.Equal(1, reported[^1]);

        using var cancellation = new CancellationTokenSource();
        var cancelled = Assert.ThrowsAny<OperationCanceledException>(() =>
            new LM(path, TinyModels.Device, progress: new SynchronousProgress<ModelLoadingProgress>(_ => cancellation.Cancel()), cancellationToken: cancellation.Token));
        Assert.Equal(cancellation.Token, cancelled.CancellationToken);
    }

    [Fact]
    public void An_exception_in_progress_reaches_the_caller() =>
        Assert.Throws<InvalidTimeZoneException>(() => new LM(
            TinyModels.PathOf(TinyArchitecture.Llama), TinyModels.Device, progress: new SynchronousProgress<ModelLoadingProgress>(_ => throw new InvalidTimeZoneException()),
            cancellationToken: TestContext.Current.CancellationToken));

    [Fact]
    public void Text_survives_the_tokenizer()
    {
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        const string text = "Grüße, 世界! 👋\n\tdone.";
        var tokens = model.Tokenize(text);
        Assert.Equal(System.Text.Encoding.UTF8.GetByteCount(text), tokens.Length);
        Assert.Equal(text, model.Detokenize(tokens));
        Assert.Equal([TinyVocabulary.MessageStart], model.Tokenize("<|im_start|>", parseSpecial: true));
        Assert.DoesNotContain(TinyVocabulary.MessageStart, model.Tokenize("<|im_start|>"));
        Assert.Equal("<|im_end|>", model.Detokenize([TinyVocabulary.MessageEnd], renderSpecial: true));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Detokenize([TinyVocabulary.Size]));
    }

    [Fact]
    public void A_disposed_model_says_so()
    {
        var model = TinyModels.Load(TinyArchitecture.Llama);
        model.Dispose();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Tokenize("text"));
    }

    [Fact]
    public void The_zoo_loads()
    {
        foreach (var path in Zoo.Files())
        {
            using var model = new LM(path, TinyModels.Device);
            Assert.Equal(128, model.VocabularySize);
        }
    }

    [Fact]
    public void The_cpu_is_always_available()
    {
        var report = Backends.List();
        Assert.Contains(report.Candidates, candidate => candidate is { Name: "cpu", Available: true, Devices.Count: 1 });
        Assert.All(report.Candidates, candidate => Assert.Equal(candidate.Available, candidate.Reason is null));
        Assert.Contains(report.Candidates, candidate => candidate.Name == report.Selected && candidate.Available);
    }
}
