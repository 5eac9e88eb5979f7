namespace LoraBridge.Cli.Tests;

public sealed class BenchTests : CliTest
{
    [Fact]
    public async Task Inference_is_measured_without_and_with_an_adapter()
    {
        var json = (await CliRun.OfAsync("bench", "infer", "-m", Model, "--ctx", "16", "--steps", "2", "--json")).Json;
        foreach (var rate in (string[])["tokensPerSecond", "promptTokensPerSecond", "adapterTokensPerSecond", "adapterPromptTokensPerSecond", "peakGemmGflops", "secondsForward"])
            Assert.True(json.GetProperty(rate).GetDouble() > 0, rate);
        // Two layers of 256 wide attention and 512 wide feed-forward with half as many keys, and the output.
        const int weights = 2 * (2 * 256 * 256 + 2 * 256 * 128 + 3 * 256 * 512) + 256 * 260;
        Assert.Equal(2.0 * weights, json.GetProperty("flopsPerToken").GetDouble());
        Assert.True(json.GetProperty("peakMemoryBytes").GetInt64() > 1 << 20);
    }

    [Fact]
    public async Task Merging_is_measured_on_a_random_model()
    {
        var json = (await CliRun.OfAsync("bench", "merge", "--shape", "tiny", "--type", "q8_0", "--steps", "1", "--output-type", "f16", "--json")).Json;
        Assert.Equal(14, json.GetProperty("mergedTensors").GetInt32());
        Assert.True(json.GetProperty("outputBytes").GetInt64() > 1.5 * json.GetProperty("inputBytes").GetInt64());
        Assert.True(json.GetProperty("seconds").GetDouble() > 0);
        // Rank 8 and two layers: 256 wide attention with half as many keys, 512 wide feed-forward.
        Assert.Equal(16.0 * 2 * (2 * 256 * 256 + 2 * 256 * 128 + 3 * 256 * 512), json.GetProperty("flops").GetDouble());
        Assert.InRange(json.GetProperty("utilization").GetDouble(), 0, 1);
    }

    [Theory]
    [InlineData("infer", "--shape", "huge")]
    [InlineData("merge", "--type", "q9_9")]
    [InlineData("merge", "--output-type", "q9_9")]
    [InlineData("infer", "--steps", "0")]
    public async Task What_cannot_be_measured_is_wrong_usage(string command, params string[] options) =>
        (await CliRun.OfAsync(["bench", command, .. options])).Failure(2);
}
