using LoraBridge.TestKit;

namespace LoraBridge.Cli.Tests;

public sealed class InspectTests : CliTest
{
    [Fact]
    public async Task A_model_is_described()
    {
        var json = (await CliRun.OfAsync("inspect", TinyModels.PathOf(TinyArchitecture.Qwen3), "--json")).Json;
        Assert.Equal("model", json.GetProperty("kind").GetString());
        Assert.Equal("qwen3", json.GetProperty("architecture").GetString());
        Assert.Equal(1024, json.GetProperty("contextLength").GetInt32());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, json.GetProperty("rank").ValueKind);
        var tensors = json.GetProperty("tensors").EnumerateArray().ToList();
        var query = tensors.Single(tensor => tensor.GetProperty("name").GetString() == "blk.0.attn_q.weight");
        Assert.Equal("f32", query.GetProperty("type").GetString());
        Assert.Equal([256, 256], query.GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt32()));
        Assert.Equal(
            tensors.Sum(tensor => tensor.GetProperty("shape").EnumerateArray().Aggregate(1L, (product, extent) => product * extent.GetInt64())),
            json.GetProperty("parameters").GetInt64());
    }

    [Fact]
    public async Task A_quantised_model_says_how() =>
        Assert.Contains("Q4_K", (await CliRun.OfAsync("inspect", TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_K_M), "--json"))
            .Json.GetProperty("quantization").GetString()!, StringComparison.Ordinal);

    [Fact]
    public async Task An_adapter_is_described()
    {
        var json = (await CliRun.OfAsync("inspect", Adapter(), "--json")).Json;
        Assert.Equal("adapter", json.GetProperty("kind").GetString());
        Assert.Equal("llama", json.GetProperty("architecture").GetString());
        Assert.Equal(4, json.GetProperty("rank").GetInt32());
        Assert.Equal(8, json.GetProperty("alpha").GetDouble());
        Assert.Equal(TinyAdapters.LinearLayers.Order(), json.GetProperty("targets").EnumerateArray().Select(target => target.GetString()!));
        Assert.Equal(2 * 2 * 7, json.GetProperty("tensors").GetArrayLength());
    }

    [Fact]
    public async Task A_file_of_another_kind_is_refused_without_advice_to_inspect_it() =>
        Assert.DoesNotContain("lorabridge inspect", (await CliRun.OfAsync("inspect", Write("data.csv", "instruction,output"))).Failure(), StringComparison.Ordinal);

    [Fact]
    public async Task People_see_tensors_when_they_ask()
    {
        Assert.DoesNotContain("blk.0.attn_q.weight", (await CliRun.OfAsync("inspect", Model)).Out, StringComparison.Ordinal);
        Assert.Contains("blk.0.attn_q.weight", (await CliRun.OfAsync("inspect", Model, "--tensors")).Out, StringComparison.Ordinal);
    }
}
