using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Cli.Tests;

public sealed class AdapterTests : CliTest
{
    [Fact]
    public async Task A_combination_has_the_loss_of_its_parts()
    {
        var (first, second, data) = (Adapter("first.gguf"), Adapter("second.gguf", seed: 2), Tokens());
        var json = (await CliRun.OfAsync("adapter", "combine", "-a", $"{first}:0.5", "-a", $"{second}:2", "-o", Folder["sum.gguf"], "--json")).Json;
        Assert.Equal(8, json.GetProperty("rank").GetInt32());
        Assert.Equal(14, json.GetProperty("tensors").GetArrayLength());
        Assert.Equal(1, json.GetProperty("minRetainedEnergy").GetDouble());
        Assert.Equal(new FileInfo(Folder["sum.gguf"]).Length, json.GetProperty("bytes").GetInt64());
        Assert.Equal(
            await LossAsync(data, "-a", $"{first}:0.5", "-a", $"{second}:2"), await LossAsync(data, "-a", Folder["sum.gguf"]), 1e-4);
    }

    [Fact]
    public async Task Resizing_shows_the_energy_that_each_tensor_retains()
    {
        var run = await CliRun.OfAsync("adapter", "resize", "-a", Adapter(), "-o", Folder["small.gguf"], "--rank", "2");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("retained energy", run.Out, StringComparison.Ordinal);
        Assert.Contains("blk.1.ffn_down.weight", run.Out, StringComparison.Ordinal);
        Assert.Equal(2, LoraAdapter.Inspect(Folder["small.gguf"]).Rank);
    }

    [Fact]
    public async Task What_was_merged_is_extracted()
    {
        var (adapter, data, merged) = (Adapter(), Tokens(), Folder["merged.gguf"]);
        Assert.Equal(0, (await CliRun.OfAsync("merge", "-m", Model, "-a", adapter, "-o", merged)).ExitCode);
        var json = (await CliRun.OfAsync(
            "adapter", "extract", "-m", Model, "--finetuned", merged, "--rank", "4", "-o", Folder["extracted.gguf"], "--json")).Json;
        Assert.True(json.GetProperty("minRetainedEnergy").GetDouble() > 0.9999);
        Assert.Equal(0, json.GetProperty("skipped").GetArrayLength());
        Assert.Equal(await LossAsync(data, "-a", adapter), await LossAsync(data, "-a", Folder["extracted.gguf"]), 1e-3);
    }

    [Fact]
    public async Task Requantizing_changes_the_type()
    {
        Assert.Equal(0, (await CliRun.OfAsync("adapter", "requantize", "-a", Adapter(), "--type", "f16", "-o", Folder["half.gguf"])).ExitCode);
        using var file = GgufFile.Open(Folder["half.gguf"]);
        Assert.All(file.Tensors, tensor => Assert.Equal(GgmlType.F16, tensor.Type));
    }

    [Fact]
    public async Task An_existing_file_is_only_replaced_by_force()
    {
        var target = Write("kept.gguf", "precious");
        string[] arguments = ["adapter", "requantize", "-a", Adapter(), "-o", target];
        (await CliRun.OfAsync(arguments)).Failure();
        Assert.Equal("precious", File.ReadAllText(target).Trim());
        Assert.Equal(0, (await CliRun.OfAsync([.. arguments, "--force"])).ExitCode);
    }

    [Theory]
    [InlineData("combine", "--method", "svd")]
    [InlineData("combine", "--rank", "4")]
    [InlineData("combine", "--method", "average")]
    [InlineData("resize")]
    [InlineData("resize", "--rank", "0")]
    [InlineData("extract", "--rank", "4")]
    [InlineData("requantize", "--type", "q4_k_m")]
    public async Task Options_that_do_not_go_together_are_wrong_usage(string command, params string[] options) =>
        (await CliRun.OfAsync(["adapter", command, "-a", "adapter.gguf", "-o", Folder["none.gguf"], .. options])).Failure(2);

    private static async Task<double> LossAsync(string data, params string[] adapters) =>
        (await CliRun.OfAsync(["eval", "-m", Model, "-d", data, "--json", .. adapters])).Json.GetProperty("loss").GetDouble();
}
