using System.Text.Json;
using LoraBridge.Model;
using LoraBridge.Model.Store;
using LoraBridge.Store.Tests.Loopback;
using LoraBridge.TestKit;

namespace LoraBridge.Store.Tests;

/// <summary>The tool, in processes of its own, against the loopback hub.</summary>
public sealed class ToolTests : StoreTest
{
    private readonly HubFile _world = new(
        "owner/small-world", "small-world.Q4_K_M.gguf", System.IO.File.ReadAllBytes(Path.Combine(CheckoutFolder.Root, "examples", "models", "small-world.Q4_K_M.gguf")));

    private protected override string[] OtherFolders => ["work", "none"];

    private Dictionary<string, string> Variables => new()
    {
        ["HF_HUB_CACHE"] = Cache, ["LORABRIDGE_HOME"] = Home, ["HF_ENDPOINT"] = Hub.Endpoint.AbsoluteUri, ["HF_TOKEN"] = Token,
        ["OLLAMA_MODELS"] = Folder["none"], ["LLAMA_CACHE"] = Folder["none"], ["LORABRIDGE_THREADS"] = "1",
    };

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Hub.Replace(_world);
        Directory.CreateDirectory(Folder["work"]);
    }

    [Fact]
    public async Task One_command_downloads_trains_and_merges()
    {
        var (data, adapter, merged) = (Work("data.jsonl"), Work("adapter.gguf"), Work("merged.gguf"));
        System.IO.File.WriteAllText(data, """{"messages":[{"role":"user","content":"Who are you?"},{"role":"assistant","content":"A bridge."}]}""");
        var (exitCode, output, error) = await RunAsync(
            "train", "-m", "hf:owner/small-world:Q4_K_M", "-d", data, "-o", adapter, "--merge", merged, "--max-steps", "3", "--rank", "2", "--lr", "1e-2",
            "--backend", "cpu", "--json", "--progress", "plain");
        Assert.True(exitCode == 0, error);
        var json = Json(output);
        Assert.Equal(3, json.GetProperty("steps").GetInt32());
        Assert.Equal(merged, json.GetProperty("merged").GetString());
        Assert.Equal(adapter, json.GetProperty("adapter").GetString());
        Assert.Equal("Q4_K - Medium", ModelFileInfo.Read(merged).QuantizationType);
        Assert.Single(Hub.Downloads);
        // Where it comes from, and whether it fits, is said before the download; then how far it is.
        Assert.Contains(new Uri(Hub.Endpoint, "owner/small-world").AbsoluteUri, error, StringComparison.Ordinal);
        Assert.Contains("it fits", error, StringComparison.Ordinal);
        Assert.Contains("of 2.4 MiB", error, StringComparison.Ordinal);

        Hub.ClearLog();
        string[] eval = ["eval", "-d", data, "--backend", "cpu", "--json", "--offline"];
        var before = Json((await RunAsync([.. eval, "-m", "hf:owner/small-world"])).Out).GetProperty("loss").GetDouble();
        var after = Json((await RunAsync([.. eval, "-m", merged])).Out).GetProperty("loss").GetDouble();
        Assert.InRange(after, 0, before * 0.95);
        Assert.Empty(Hub.Log);

        Assert.Contains("exists already", (await RunAsync(
            "train", "-m", merged, "-d", data, "-o", adapter, "--merge", merged, "--max-steps", "1", "--backend", "cpu")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_are_pulled_found_verified_listed_and_removed()
    {
        const string Id = "hf:owner/small-world:Q4_K_M";
        Assert.Contains("models pull", (await RunAsync("models", "path", Id)).Error, StringComparison.Ordinal);
        var pulled = Json((await RunAsync("models", "pull", Id, "--json")).Out);
        Assert.Equal(Snapshot(_world), pulled.GetProperty("path").GetString());
        Assert.Equal(_world.Sha256, pulled.GetProperty("sha256").GetString());
        Assert.Equal(_world.Size, pulled.GetProperty("bytes").GetInt64());
        Assert.True(pulled.GetProperty("verified").GetBoolean() && pulled.GetProperty("downloaded").GetBoolean());
        Assert.Equal(Snapshot(_world), (await RunAsync("models", "path", Id)).Out.Trim());
        Assert.True(Json((await RunAsync("models", "verify", Id, "--json")).Out).GetProperty("verified").GetBoolean());

        var list = Json((await RunAsync("models", "list", "--json")).Out);
        Assert.Equal(52, list.GetProperty("models").GetArrayLength());
        Assert.Equal(Snapshot(_world), Assert.Single(list.GetProperty("others").EnumerateArray()).GetProperty("path").GetString());
        Assert.All(list.GetProperty("models").EnumerateArray().SelectMany(model => model.GetProperty("builds").EnumerateArray()), build => Assert.False(build.GetProperty("cached").GetBoolean()));
        Assert.Contains("gemma3:12b", (await RunAsync("models", "list")).Out, StringComparison.Ordinal);
        Assert.Equal(_world.Size, Json((await RunAsync("models", "remove", Id, "--json")).Out).GetProperty("freedBytes").GetInt64());
        Assert.Equal(1, (await RunAsync("models", "remove", Id)).ExitCode);
    }

    [Fact]
    public async Task A_catalogue_of_ones_own_is_searched_pulled_from_and_compared_with_the_hub()
    {
        Directory.CreateDirectory(Home);
        System.IO.File.WriteAllText(StoreFolders.UserCatalogue(Home), $$"""
            {"schema": 1, "licensesToAccept": ["strict"], "models": [{"id": "small-world", "license": "strict", "contextLength": 512, "builds": [{"quantization": "Q4_K_M",
            "repository": "owner/small-world", "files": [{"name": "small-world.Q4_K_M.gguf", "sha256": "{{_world.Sha256}}"}]}]}]}
            """);
        var found = Assert.Single(Json((await RunAsync("models", "search", "small-world", "--json")).Out).GetProperty("models").EnumerateArray());
        Assert.Equal(512, found.GetProperty("contextLength").GetInt32());

        var refused = await RunAsync("models", "pull", "small-world");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("--accept-licence", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", refused.Error, StringComparison.Ordinal);
        Assert.True(Json((await RunAsync("models", "pull", "small-world", "--accept-licence", "--json")).Out).GetProperty("verified").GetBoolean());
        Assert.True(Json((await RunAsync("models", "search", "small-world", "--json")).Out).GetProperty("models")[0].GetProperty("builds")[0].GetProperty("cached").GetBoolean());

        Hub.ClearLog();
        var (exitCode, output, _) = await RunAsync("models", "verify-catalogue", "--json");
        Assert.Equal(1, exitCode);
        var json = Json(output);
        Assert.Equal(72, json.GetProperty("checked").GetInt32());
        Assert.Equal(72, Hub.Log.Length);
        // The loopback hub has none of the models that ship.
        Assert.Equal(71, json.GetProperty("differences").GetArrayLength());
        Assert.All(Hub.Log, request => Assert.Equal("HEAD", request.Method));
    }

    [Fact]
    public async Task A_file_is_imported_and_an_unknown_name_answered_in_one_line()
    {
        var model = TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_0);
        var imported = Json((await RunAsync("models", "import", model, "--as", "mine:1b", "--json")).Out);
        Assert.Equal("mine:1b", imported.GetProperty("id").GetString());
        var answered = Json((await RunAsync("generate", "-m", "mine:1b", "-p", "hello", "-n", "2", "--raw", "--backend", "cpu", "--json")).Out);
        Assert.True(answered.TryGetProperty("text", out _));

        var (exitCode, output, error) = await RunAsync("generate", "-m", "mine:2b", "-p", "hello", "--progress", "none");
        Assert.Equal(1, exitCode);
        Assert.Empty(output);
        Assert.StartsWith("error: There is no model 'mine:2b'. The nearest names are mine:1b, ", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Empty(Hub.Log);
    }

    [Fact]
    public async Task The_proxy_of_the_environment_is_used()
    {
        Hub.Hubs(Answers.HubStatus(407));
        var variables = new Dictionary<string, string>(Variables) { ["HF_ENDPOINT"] = "http://hub.example", ["http_proxy"] = Hub.Endpoint.AbsoluteUri };
        using var process = ToolRun.Start(variables, "models", "pull", "hf:owner/small-world/small-world.Q4_K_M.gguf");
        var (exitCode, _, error) = await process.FinishAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains("The proxy answers 407", error, StringComparison.Ordinal);
        Assert.Single(Hub.Log);
    }

    [Fact]
    public async Task The_example_fetches_and_asks()
    {
        using var process = ToolRun.StartProgram("examples/08-Models", "LoraBridge.Examples.Models.dll", Variables, "hf:owner/small-world", "Who are you?");
        var (exitCode, output, error) = await process.FinishAsync();
        Assert.True(exitCode == 0, error);
        Assert.Contains($"{Snapshot(_world)}: {_world.Size} bytes, verified, downloaded", output, StringComparison.Ordinal);
        Assert.Contains("it needs about", error, StringComparison.Ordinal);

        using var listing = ToolRun.StartProgram("examples/08-Models", "LoraBridge.Examples.Models.dll", Variables);
        Assert.Contains("qwen3:0.6b", (await listing.FinishAsync()).Out, StringComparison.Ordinal);
    }

    private string Work(string name) => Path.Combine(Folder["work"], name);

    private async Task<(int ExitCode, string Out, string Error)> RunAsync(params string[] arguments)
    {
        using var process = ToolRun.Start(Variables, arguments);
        return await process.FinishAsync();
    }

    private static JsonElement Json(string output) => JsonDocument.Parse(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]).RootElement;
}
