namespace LoraBridge.Cli.Tests;

public sealed class GenerateTests : CliTest
{
    [Fact]
    public async Task An_answer_is_one_json_object()
    {
        var json = (await CliRun.OfAsync("generate", "-m", Model, "-p", "hello", "-n", "5", "--temp", "0", "--json")).Json;
        Assert.InRange(json.GetProperty("tokens").GetInt32(), 0, 5);
        Assert.Equal(System.Text.Json.JsonValueKind.String, json.GetProperty("text").ValueKind);
        Assert.Contains(json.GetProperty("stopReason").GetString(), (string[])["maximumTokens", "endOfTurn"]);
        Assert.True(json.GetProperty("promptTokensPerSecond").GetDouble() > 0);
        Assert.True(json.GetProperty("tokensPerSecond").GetDouble() >= 0);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_answer()
    {
        Assert.Equal(await TextAsync("7"), await TextAsync("7"));
        Assert.NotEqual(await TextAsync("7"), await TextAsync("8"));

        async Task<string> TextAsync(string seed) => (await CliRun.OfAsync(
            "generate", "-m", Model, "-p", "hello", "-n", "12", "--raw", "--temp", "2", "--top-p", "1", "--seed", seed, "--json"))
            .Json.GetProperty("text").GetString()!;
    }

    [Fact]
    public async Task An_adapter_of_scale_zero_changes_nothing()
    {
        var adapter = Adapter(scaleOfB: 1);
        Assert.Equal(await TextAsync(), await TextAsync("-a", $"{adapter}:0"));
        Assert.NotEqual(await TextAsync(), await TextAsync("-a", adapter));

        async Task<string> TextAsync(params string[] adapters) => (await CliRun.OfAsync(
            ["generate", "-m", Model, "-p", "hello", "-n", "12", "--raw", "--temp", "0", "--json", .. adapters])).Json.GetProperty("text").GetString()!;
    }

    [Fact]
    public async Task People_see_the_text_alone()
    {
        string[] arguments = ["generate", "-m", Model, "-p", "hello", "-n", "6", "--raw", "--temp", "0"];
        var text = (await CliRun.OfAsync([.. arguments, "--json"])).Json.GetProperty("text").GetString();
        Assert.Equal($"{text}\n", (await CliRun.OfAsync(arguments)).Out.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task A_cancelled_answer_exits_130()
    {
        var run = await CliRun.OfAsync("", ["generate", "-m", Model, "-p", "hello"], new CancellationToken(canceled: true));
        Assert.Equal(130, run.ExitCode);
        Assert.Empty(run.Out);
        Assert.Single(run.ErrorLines);
    }
}
