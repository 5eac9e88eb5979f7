namespace LoraBridge.Cli.Tests;

public sealed class BackendsTests
{
    [Fact]
    public async Task Json_names_the_backends_and_why_they_are_missing()
    {
        var json = (await CliRun.OfAsync("backends", "--json")).Json;
        var candidates = json.GetProperty("candidates").EnumerateArray().ToDictionary(candidate => candidate.GetProperty("name").GetString()!);
        Assert.Contains(json.GetProperty("selected").GetString()!, candidates.Keys);
        Assert.Contains(json.GetProperty("llamaVersion").GetString(), new[] { "b10221", "v0.5.0" });
        Assert.True(Directory.Exists(json.GetProperty("nativeDirectory").GetString()));
        Assert.NotEmpty(json.GetProperty("nativeReason").GetString()!);
        Assert.Equal(["cpu", "cuda", "metal", "vulkan"], candidates.Keys.Order());
        Assert.True(candidates["cpu"].GetProperty("available").GetBoolean());
        var device = candidates["cpu"].GetProperty("devices")[0];
        Assert.True(device.GetProperty("totalMemory").GetInt64() > 0);
        Assert.True(device.GetProperty("freeMemory").GetInt64() > 0);
        Assert.All(candidates.Values, candidate =>
            Assert.Equal(candidate.GetProperty("available").GetBoolean(), candidate.GetProperty("reason").GetString() is null));
    }

    [Fact]
    public async Task People_see_a_table()
    {
        var run = await CliRun.OfAsync("backends");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("vulkan", run.Out, StringComparison.Ordinal);
    }
}
