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
        Assert.Equal(json.GetProperty("llamaVersion").GetString(), json.GetProperty("llamaBuild").GetString());
        Assert.Null(json.GetProperty("warning").GetString());
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

    /// <summary>Started without AVX2, a program computes as one that was compiled without it.</summary>
    [Fact]
    public async Task A_program_without_vector_instructions_says_so()
    {
        Assert.SkipUnless(System.Runtime.Intrinsics.X86.Avx2.IsSupported, "The processor has none.");
        var environment = new Dictionary<string, string> { ["DOTNET_EnableAVX2"] = "0" };
        using var backends = ToolProcess.Start(environment, ["backends", "--json"]);
        Assert.Contains("AVX2", (await backends.FinishAsync()).Json.GetProperty("warning").GetString(), StringComparison.Ordinal);
        using var train = ToolProcess.Start(environment, ["train", "-m", "none.gguf", "-d", "none.jsonl", "-o", "none.out"]);
        Assert.StartsWith("warning: The processor has AVX2", (await train.FinishAsync()).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task People_see_a_table()
    {
        var run = await CliRun.OfAsync("backends");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("vulkan", run.Out, StringComparison.Ordinal);
    }
}
