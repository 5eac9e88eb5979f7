using LoraBridge.TestKit;

namespace LoraBridge.Cli.Tests;

public sealed class GradcheckTests : CliTest
{
    [Fact]
    public async Task A_model_that_can_be_trained_passes()
    {
        var json = (await CliRun.OfAsync(
            "gradcheck", "-m", Model, "--ctx", "8", "--rank", "2", "--targets", "blk.1.attn_k,blk.1.ffn_up", "--precision", "exact", "--json")).Json;
        Assert.Equal("llama", json.GetProperty("architecture").GetString());
        Assert.InRange(json.GetProperty("forwardNmse").GetDouble(), 0, 1e-6);
        Assert.Equal(4, json.GetProperty("tensorsChecked").GetInt32());
        Assert.InRange(json.GetProperty("maxRelativeError").GetDouble(), 0, 1e-3);
        Assert.Equal(1, json.GetProperty("minCosine").GetDouble());
        Assert.Equal(0, json.GetProperty("zeroGradientTensors").GetArrayLength());
        Assert.True(json.GetProperty("pass").GetBoolean());
    }

    [Theory]
    [InlineData("balanced", 0.999)]
    [InlineData("fast", 0.998)]
    public async Task Other_precisions_are_compared_with_exact_gradients(string precision, double limit)
    {
        var json = (await CliRun.OfAsync(
            "gradcheck", "-m", Model, "--ctx", "8", "--rank", "2", "--targets", "blk.1.attn_k,blk.1.ffn_up", "--precision", precision, "--json")).Json;
        Assert.InRange(json.GetProperty("minCosine").GetDouble(), limit, 1 - 1e-12);
        Assert.InRange(json.GetProperty("maxRelativeL2").GetDouble(), 1e-9, 0.1);
        Assert.True(json.GetProperty("pass").GetBoolean());
        var other = (await CliRun.OfAsync(
            "gradcheck", "-m", Model, "--ctx", "8", "--rank", "2", "--targets", "blk.1.attn_k,blk.1.ffn_up", "--precision", precision, "--seed", "1", "--json")).Json;
        Assert.NotEqual(json.GetProperty("maxRelativeL2").GetDouble(), other.GetProperty("maxRelativeL2").GetDouble());
    }

    [Fact]
    public async Task A_file_that_is_no_model_is_one_line() =>
        (await CliRun.OfAsync("gradcheck", "-m", Write("text.gguf", "no model at all"))).Failure();
}
