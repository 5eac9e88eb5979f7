using LoraBridge.Model;
using LoraBridge.Model.Store;
using LoraBridge.Store.Tests.Loopback;
using LoraBridge.TestKit;

namespace LoraBridge.Store.Tests;

public sealed class CatalogueTests : StoreTest
{
    private static readonly ModelCatalogue Catalogue = ModelCatalogue.Embedded;

    [Fact]
    public void The_catalogue_is_whole()
    {
        Assert.Equal(52, Catalogue.Models.Length);
        var files = Catalogue.Models.SelectMany(model => model.Builds).SelectMany(build => build.Files).ToList();
        Assert.Equal(71, files.Count);
        Assert.Equal(68, files.Count(file => file.Sha256 is not null));
        Assert.Equal(65, files.Count(file => file.Size is not null));
        Assert.Equal(56, Catalogue.Models.SelectMany(model => model.Builds).Count(build => build.Revision is not null));
        // Weights begin and end at multiples of 32 bytes.
        Assert.All(files, file => Assert.True(file.Size is null or > 100_000_000 && (file.Size ?? 0) % 32 == 0, file.Name));
        Assert.All(Catalogue.Models.SelectMany(model => model.Builds), build => Assert.True(build.Revision is null || Sha256Hex.IsCommit(build.Revision)));
        var hashes = files.Select(file => file.Sha256).OfType<string>().ToList();
        Assert.Equal(hashes.Count, hashes.Distinct().Count());
    }

    [Theory]
    [InlineData("gemma3:12b", "gemma3:12b")]
    [InlineData("GEMMA3:12B", "gemma3:12b")]
    [InlineData("gemma3", "gemma3:4b")]
    [InlineData("gemma3:latest", "gemma3:4b")]
    [InlineData("qwen3.5:9b", "qwen3.5:9b")]
    [InlineData("qwen3.5:4b", "qwen3.5:4b")]
    [InlineData("gemma4:e4b", "gemma4:e4b")]
    [InlineData("gptoss:20b", "gpt-oss:20b")]
    [InlineData("ministral3:8b", "ministral3:8b")]
    [InlineData("gemma3:270m", "gemma3:270m")]
    [InlineData("phi4-mini:3.8b", "phi4-mini:3.8b")]
    [InlineData("llama3.2:1b", "llama3.2:1b")]
    [InlineData("qwen3:4b-instruct-2507", "qwen3:4b-instruct-2507")]
    public void Names_that_users_type_work(string name, string id)
    {
        Assert.Equal(id, Catalogue.Find(name)!.Id);
        Assert.Equal(id, Catalogue.Get(name).Id);
    }

    [Theory]
    [InlineData("qwen2.5:1.5b-q8_0", "Q8_0")]
    [InlineData("gemma3:4b-q4_0", "Q4_0-qat")]
    [InlineData("gemma3:4b-q4_0-qat", "Q4_0-qat")]
    [InlineData("gemma4:e4b-Q8_0", "Q8_0")]
    public void A_quantisation_may_follow(string name, string quantization) =>
        Assert.All(Catalogue.Find(name)!.Builds, build => Assert.Equal(quantization, build.Quantization));

    [Fact]
    public void A_quantisation_that_is_not_there_is_answered_with_those_that_are()
    {
        Assert.Null(Catalogue.Find("gemma3:4b-q2_k"));
        Assert.Contains("Q4_K_M, Q4_0-qat", Assert.Throws<ArgumentException>(() => Catalogue.Get("gemma3:4b-q2_k")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_are_searched_for()
    {
        Assert.All(Catalogue.Search("QWEN3 apache"), model => Assert.StartsWith("qwen3", model.Id, StringComparison.Ordinal));
        Assert.NotEmpty(Catalogue.Search("qwen3 apache"));
        Assert.Empty(Catalogue.Search("no such model"));
        Assert.Equal(52, Catalogue.Search(" ").Count);
    }

    [Fact]
    public void A_users_catalogue_comes_first()
    {
        Directory.CreateDirectory(Home);
        System.IO.File.WriteAllText(StoreFolders.UserCatalogue(Home), """
            {"schema": 1, "licensesToAccept": ["mine"], "models": [
              {"id": "gemma3:12b", "license": "mine", "builds": [{"quantization": "Q8_0", "repository": "me/mine", "files": [{"name": "a.gguf"}]}]},
              {"id": "own", "aliases": ["gemma3"], "builds": [{"quantization": "F16", "repository": "me/own", "revision": "v1", "files": [{"name": "b.gguf", "size": 5}]}]}]}
            """);
        var catalogue = ModelStoreOptions.From(name => name == "LORABRIDGE_HOME" ? Home : null).Catalogue;
        Assert.Equal("me/mine", catalogue.Find("gemma3:12b")!.Builds.Single().Repository);
        Assert.Equal("own", catalogue.Find("gemma3")!.Id);
        Assert.Equal(53, catalogue.Models.Length);
        Assert.True(catalogue.MustBeAccepted("mine") && catalogue.MustBeAccepted("qwen-research"));
    }

    [Theory]
    [InlineData("""{"schema": 2, "models": []}""", "schema 2")]
    [InlineData("""{"schema": 1}""", "models")]
    [InlineData("""[]""", "no catalogue")]
    [InlineData("""null""", "null")]
    [InlineData("""{"schema": 1, "models": [{"id": "a", "builds": []}]}""", "no builds")]
    [InlineData("""{"schema": 1, "models": [{"id": "a b", "builds": [{"quantization": "Q", "repository": "o/r", "files": [{"name": "x"}]}]}]}""", "'a b'")]
    [InlineData("""{"schema": 1, "models": [{"id": "a", "aliases": ["A"], "builds": [{"quantization": "Q", "repository": "o/r", "files": [{"name": "x"}]}]}]}""", "'A' is no identifier")]
    [InlineData("""{"schema": 1, "models": [{"id": "a", "aliases": ["a"], "builds": [{"quantization": "Q", "repository": "o/r", "files": [{"name": "x"}]}]}]}""", "listed twice")]
    [InlineData("""{"schema": 1, "models": [{"id": "a", "builds": [{"quantization": "Q", "repository": "../r", "files": [{"name": "x"}]}]}]}""", "'../r'")]
    [InlineData("""{"schema": 1, "models": [{"id": "a", "builds": [{"quantization": "Q", "repository": "o/r", "files": [{"name": "../x"}]}]}]}""", "'../x'")]
    [InlineData("""{"schema": 1, "models": [{"id": "a", "builds": [{"quantization": "Q", "repository": "o/r", "revision": "../..", "files": [{"name": "x"}]}]}]}""", "no revision")]
    [InlineData("""{"schema": 1, "models": [{"id": "a", "builds": [{"quantization": "Q", "repository": "o/r", "files": [{"name": "x", "size": 0}]}]}]}""", "size of x is 0")]
    [InlineData("""{"schema": 1, "models": [{"id": "a", "builds": [{"quantization": "Q", "repository": "o/r", "files": [{"name": "x", "sha256": "12"}]}]}]}""", "SHA-256")]
    [InlineData("""{"schema": 1, "models": [{"id": "a", "typo": 1, "builds": [{"quantization": "Q", "repository": "o/r", "files": [{"name": "x"}]}]}]}""", "typo")]
    [InlineData("""{"schema": 1, "models": [null]}""", "")]
    [InlineData("{", "no catalogue")]
    public void A_catalogue_with_a_mistake_is_refused_with_the_place(string json, string expected)
    {
        Directory.CreateDirectory(Home);
        System.IO.File.WriteAllText(StoreFolders.UserCatalogue(Home), json);
        var fault = Assert.Throws<InvalidDataException>(() => ModelCatalogue.Load(StoreFolders.UserCatalogue(Home)));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
        Assert.Contains(Home, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pinned_model_is_fetched_at_its_revision_and_asked_for_never_again()
    {
        var options = Options with { Catalogue = Of(File) };
        AssertIs(File, await PullAsync("tiny", options));
        Assert.Equal($"/owner/repo/resolve/{File.Commit}/model-Q4_K_M.gguf", Hub.Log[0].Path);
        Hub.ClearLog();
        AssertIs(File, await PullAsync("tiny:1b", options), downloaded: false);
        Assert.Empty(Hub.Log);
        // llama.cpp finds commits by the branches that it knows.
        Assert.Equal(File.Commit, System.IO.File.ReadAllText(Path.Combine(Cache, "models--owner--repo", "refs", "lorabridge")));
    }

    [Fact]
    public async Task A_file_that_was_uploaded_again_is_not_taken_for_the_one_of_the_catalogue()
    {
        var options = Options with { Catalogue = Of(File, revision: null) };
        var other = HubFile.Random(seed: 5);
        Hub.Replace(other);
        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => PullAsync("tiny", options));
        Assert.Contains(File.Sha256, failure.Message, StringComparison.Ordinal);
        Assert.Contains(other.Sha256, failure.Message, StringComparison.Ordinal);
        Assert.Empty(Hub.Downloads);
    }

    [Fact]
    public async Task A_file_with_a_wrong_content_under_the_right_hash_is_found()
    {
        var other = HubFile.Random(seed: 5);
        Hub.OnHead = (context, _) => context.Response.Headers["X-Linked-Etag"] = $"\"{File.Sha256}\"";
        Hub.Replace(other with { Commit = File.Commit });
        await Assert.ThrowsAsync<InvalidDataException>(() => PullAsync("tiny", Options with { Catalogue = Of(File) }));
        AssertNothingKept(File);
    }

    [Fact]
    public async Task The_next_build_of_the_same_quantisation_is_taken_where_a_repository_is_gone()
    {
        var gone = HubFile.Random(repository: "gone/repo", seed: 3);
        var model = Of(gone).Models[0];
        var catalogue = Parse(model with { Builds = [.. model.Builds, .. Of(File).Models[0].Builds] });
        AssertIs(File, await PullAsync("tiny", Options with { Catalogue = catalogue }));
    }

    [Fact]
    public async Task Some_licences_must_be_accepted_before_the_first_download()
    {
        var catalogue = Parse(Of(File).Models[0] with { License = "qwen-research" });
        var refused = await Assert.ThrowsAsync<ModelLicenseException>(() => PullAsync("tiny", Options with { Catalogue = catalogue }));
        Assert.Equal("qwen-research", refused.License);
        Assert.Equal(new Uri(Hub.Endpoint, "owner/repo"), refused.Page);
        Assert.Contains("--accept-licence", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Hub.Log);

        AssertIs(File, await PullAsync("tiny", Options with { Catalogue = catalogue, AcceptLicenses = true }));
        Assert.Contains(Progress, state => state.Plan?.License == "qwen-research");
        // What is here was accepted.
        AssertIs(File, await PullAsync("tiny", Options with { Catalogue = catalogue }), downloaded: false);
    }

    [Fact]
    public async Task The_catalogue_is_compared_with_the_hub_by_one_question_a_file()
    {
        var (other, missing) = (HubFile.Random("other-Q8_0.gguf", seed: 2), HubFile.Random("missing.gguf", seed: 3));
        Hub.Replace(other);
        var models = new[] { Of(File).Models[0], Of(new HubFile(other.Repository, other.Name, [.. other.Content, 0])).Models[0] with { Id = "other", Aliases = [] }, Of(missing).Models[0] with { Id = "missing", Aliases = [] } };
        Hub.OnHead = (context, file) => context.Response.Headers["X-Repo-Commit"] = file.Commit;
        var catalogue = Parse([.. models.Select(model => model with { Builds = [.. model.Builds.Select(build => build with { Revision = null })] })]);
        List<CatalogueCheck> checks = [];
        await foreach (var check in new ModelStore(Options with { Catalogue = catalogue }).CheckCatalogueAsync())
            checks.Add(check);
        Assert.Equal(3, Hub.Log.Length);
        Assert.All(Hub.Log, request => Assert.Equal("HEAD", request.Method));
        Assert.Null(checks[0].Problem);
        Assert.Contains("size 3000000, expected 3000001; SHA-256", checks[1].Problem, StringComparison.Ordinal);
        Assert.Contains("There is no", checks[2].Problem, StringComparison.Ordinal);
        Assert.Equal(File.Commit, checks[0].Commit);
    }

    /// <summary>A catalogue of one model in this file.</summary>
    internal static ModelCatalogue Of(HubFile file, string? revision = "") => Parse(new CatalogueModel
    {
        Id = "tiny:1b",
        Aliases = ["tiny"],
        Builds =
        [
            new CatalogueBuild
            {
                Quantization = "Q4_K_M", Repository = file.Repository, Revision = revision is "" ? file.Commit : revision,
                Files = [new CatalogueFile { Name = file.Name, Size = file.Size, Sha256 = file.Sha256 }],
            },
        ],
    });

    internal static ModelCatalogue Parse(params CatalogueModel[] models)
    {
        using var folder = new TemporaryFolder();
        System.IO.File.WriteAllBytes(folder["catalogue.json"], new LoraBridge.Model.Catalogue.CatalogueDocument
        {
            Schema = 1, LicensesToAccept = ["qwen-research"], Models = [.. models],
        }.ToUtf8());
        return ModelCatalogue.Load(folder["catalogue.json"]);
    }
}
