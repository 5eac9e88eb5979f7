namespace LoraBridge.Cli.Tests;

public sealed class BenchTrainTests : CliTest
{
    [Fact]
    public async Task A_training_of_random_weights_is_measured()
    {
        var json = (await CliRun.OfAsync(
            "bench", "train", "--shape", "tiny", "--type", "q4_0", "--ctx", "32", "--rank", "4", "--steps", "2", "--recompute", "always", "--json")).Json;
        foreach (var name in (string[])["tokensPerSecond", "peakGemmGflops", "utilization", "instructionGflops", "productUtilization", "flopsPerToken", "secondsForward", "secondsRecomputation", "secondsBackward", "secondsOptimizer", "outProdGflops"])
            Assert.True(json.GetProperty(name).GetDouble() > 0, name);
        Assert.True(json.GetProperty("peakMemoryBytes").GetInt64() > 1 << 20);
        Assert.True(json.GetProperty("allocatedBytesPerStep").GetInt64() > 0);
        Assert.InRange(json.GetProperty("secondsAttention").GetDouble(), 0, json.GetProperty("secondsPerStep").GetDouble());
        Assert.True(json.GetProperty("recompute").GetBoolean());
        Assert.NotEmpty(json.GetProperty("backwardKernel").GetString()!);
        Assert.InRange(json.GetProperty("operations").GetArrayLength(), 5, 10);

        // 2 layers of 4 D² + 3 D F, and the output: forward, recomputation and gradients of nearly all of them, and little else.
        var weights = 2 * (4 * 256 * 256 + 3 * 256 * 512) + 256 * 512;
        Assert.InRange(json.GetProperty("flopsPerToken").GetDouble() / weights, 4, 8);
    }

    [Fact]
    public async Task A_model_is_measured_with_the_precision_and_memory_that_are_asked_for()
    {
        var json = (await CliRun.OfAsync(
            "bench", "train", "-m", Model, "--ctx", "32", "--targets", "attention", "--steps", "1", "--precision", "fast", "--recompute", "never",
            "--cache-transposed", "always", "--json")).Json;
        Assert.False(json.GetProperty("recompute").GetBoolean());
        Assert.Equal(0, json.GetProperty("secondsRecomputation").GetDouble());
    }

    [Theory]
    [InlineData("--shape", "huge")]
    [InlineData("--shape", "2x100x512")]
    [InlineData("--type", "9")]
    [InlineData("--precision", "sloppy")]
    [InlineData("--recompute", "sometimes")]
    public async Task Wrong_options_are_wrong_usage(string option, string value) =>
        Assert.Contains(value, (await CliRun.OfAsync("bench", "train", option, value)).Failure(exitCode: 2), StringComparison.Ordinal);

    [Fact]
    public async Task A_model_and_a_shape_exclude_each_other() =>
        (await CliRun.OfAsync("bench", "train", "-m", Model, "--shape", "tiny")).Failure(exitCode: 2);
}
