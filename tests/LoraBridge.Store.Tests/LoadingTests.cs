using LoraBridge.Model;
using LoraBridge.Store.Tests.Loopback;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Store.Tests;

/// <summary>From a name to a model in memory.</summary>
public sealed class LoadingTests : StoreTest
{
    private readonly HubFile _tiny = new("owner/tiny", "tiny-Q4_0.gguf", System.IO.File.ReadAllBytes(TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_0)));

    private LoadingOptions Loading => new() { Store = new ModelStore(Options with { Catalogue = CatalogueTests.Of(_tiny) }) };

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Hub.Replace(_tiny);
    }

    [Fact]
    public async Task A_model_is_loaded_by_its_name()
    {
        List<ModelLoadingProgress> reported = [];
        using var model = LM.LoadFromModelID("tiny:1b", TinyModels.Device, Loading, new Recorder(reported));
        using var chat = new MultiTurnConversation(model) { MaximumCompletionTokens = 4 };
        Assert.True(chat.Submit("Who are you?").Tokens.Count > 0);

        var stages = reported.Select(state => state.Stage).ToList();
        Assert.Equal(ModelLoadingStage.Fetching, stages[0]);
        Assert.Equal(ModelLoadingStage.Loading, stages[^1]);
        Assert.Equal(stages.Count(stage => stage == ModelLoadingStage.Fetching), stages.LastIndexOf(ModelLoadingStage.Fetching) + 1);
        Assert.All(reported, state => Assert.Equal(state.Stage == ModelLoadingStage.Fetching, state.Download is not null));
        Assert.Contains(reported, state => state.Download?.Plan is not null);
        Assert.Equal(1, reported[^1].Fraction);

        Hub.ClearLog();
        using var again = await LM.LoadFromModelIDAsync("tiny", TinyModels.Device, Loading);
        Assert.Equal(model.ParameterCount, again.ParameterCount);
        Assert.Empty(Hub.Log);
    }

    [Theory]
    [InlineData("hf:owner/tiny:Q4_0")]
    [InlineData("hub")]
    [InlineData("cdn")]
    public void A_model_is_loaded_by_its_address(string text)
    {
        var uri = text switch
        {
            "hub" => new Uri(Hub.Endpoint, "owner/tiny/resolve/main/tiny-Q4_0.gguf"),
            "cdn" => new Uri(Hub.Cdn, $"blobs/owner/tiny/tiny-Q4_0.gguf#sha256={_tiny.Sha256}"),
            _ => new Uri(text),
        };
        using var model = new LM(uri, TinyModels.Device, Loading);
        Assert.Equal("llama", model.Architecture);
        Assert.Single(Hub.Downloads);
    }

    [Fact]
    public void What_cannot_be_fetched_is_no_model()
    {
        Assert.Throws<ModelDownloadException>(() => LM.LoadFromModelID("hf:owner/nothing", TinyModels.Device, Loading));
        Assert.Throws<ArgumentException>(() => LM.LoadFromModelID("tini", TinyModels.Device, Loading));
        // Whole and right, and no model all the same.
        Assert.Throws<InvalidDataException>(() => LM.LoadFromModelID("hf:owner/repo", TinyModels.Device, Loading));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => LM.LoadFromModelID("tiny", TinyModels.Device, Loading, cancellationToken: cancelled.Token));
    }

    private sealed class Recorder(List<ModelLoadingProgress> list) : IProgress<ModelLoadingProgress>
    {
        public void Report(ModelLoadingProgress value)
        {
            lock (list)
                list.Add(value);
        }
    }
}
