namespace LoraBridge.Cli.Tests;

public sealed class MergeTests : CliTest
{
    [Fact]
    public async Task A_merged_model_has_the_loss_of_base_and_adapter()
    {
        var (adapter, data, merged) = (Adapter(), Tokens(), Folder["merged.gguf"]);
        var json = (await CliRun.OfAsync("merge", "-m", Model, "-a", $"{adapter}:0.5", "-o", merged, "--verify", "--json")).Json;
        Assert.Equal(14, json.GetProperty("mergedTensors").GetInt32());
        Assert.True(json.GetProperty("copiedTensors").GetInt32() > 0);
        Assert.Equal(new FileInfo(merged).Length, json.GetProperty("outputBytes").GetInt64());
        Assert.True(json.GetProperty("seconds").GetDouble() > 0);
        var verify = json.GetProperty("verify");
        Assert.InRange(verify.GetProperty("nmse").GetDouble(), 0, 1e-6);
        Assert.InRange(verify.GetProperty("topTokenAgreement").GetDouble(), 0.9, 1);
        Assert.True(verify.GetProperty("maxAbs").GetDouble() >= 0);
        Assert.Equal(await LossAsync("-m", Model, "-a", $"{adapter}:0.5"), await LossAsync("-m", merged), 1e-4);

        async Task<double> LossAsync(params string[] model) =>
            (await CliRun.OfAsync(["eval", "-d", data, "--json", .. model])).Json.GetProperty("loss").GetDouble();
    }

    [Fact]
    public async Task An_existing_file_is_only_replaced_by_force()
    {
        var (adapter, target) = (Adapter(), Write("merged.gguf", "precious"));
        (await CliRun.OfAsync("merge", "-m", Model, "-a", adapter, "-o", target)).Failure();
        Assert.Equal("precious", File.ReadAllText(target).Trim());
        Assert.Equal(0, (await CliRun.OfAsync("merge", "-m", Model, "-a", adapter, "-o", target, "--force")).ExitCode);
        Assert.True(new FileInfo(target).Length > 1000);
    }

    [Theory]
    [InlineData("f16")]
    [InlineData("bf16")]
    [InlineData("Q8_0")]
    [InlineData("q5_k")]
    public async Task Types_are_named_in_any_case(string type)
    {
        var run = await CliRun.OfAsync("merge", "-m", Model, "-a", Adapter(), "-o", Folder["merged.gguf"], "--type", type, "--json");
        Assert.Equal(14, run.Json.GetProperty("mergedTensors").GetInt32());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, run.Json.GetProperty("verify").ValueKind);
    }

    [Fact]
    public async Task Verifying_shows_what_each_tensor_lost()
    {
        var run = await CliRun.OfAsync("merge", "-m", Model, "-a", Adapter(), "-o", Folder["merged.gguf"], "--type", "q4_k", "--verify");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("rounding error", run.Out, StringComparison.Ordinal);
        Assert.Contains("blk.1.ffn_down.weight", run.Out, StringComparison.Ordinal);
        Assert.Contains("of the top tokens agree", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_adapter_that_is_listed_twice_is_wrong_usage()
    {
        var adapter = Adapter();
        var line = (await CliRun.OfAsync("merge", "-m", Model, "-a", adapter, "-a", $"{adapter}:0.5", "-o", Folder["merged.gguf"])).Failure(2);
        Assert.Contains("twice", line, StringComparison.Ordinal);
        Assert.False(File.Exists(Folder["merged.gguf"]));
    }

    [Theory]
    [InlineData("base.gguf", "is read by the merge")]
    [InlineData("adapter.gguf", "is read by the merge")]
    [InlineData("missing/merged.gguf", "does not exist")]
    [InlineData("folder", "is a folder")]
    public async Task Outputs_that_cannot_be_are_refused_before_any_work(string output, string why)
    {
        var (model, adapter) = (Folder["base.gguf"], Adapter());
        File.Copy(Model, model);
        Directory.CreateDirectory(Folder["folder"]);
        Assert.Contains(why, (await CliRun.OfAsync("merge", "-m", model, "-a", adapter, "-o", Folder[output], "--force")).Failure(), StringComparison.Ordinal);
        Assert.Equal(["adapter.gguf", "base.gguf", "folder"], Directory.GetFileSystemEntries(Folder.FullName).Select(Path.GetFileName).Order());
        Assert.Equal(File.ReadAllBytes(Model), File.ReadAllBytes(model));
    }

    [Theory]
    [InlineData("q9_x")]
    [InlineData("15")]
    public async Task An_unknown_type_is_wrong_usage(string type) =>
        Assert.Contains("q4_k_m", (await CliRun.OfAsync("merge", "-m", Model, "-a", "a", "-o", "b", "--type", type)).Failure(2), StringComparison.Ordinal);

    [Fact]
    public async Task Without_an_adapter_there_is_nothing_to_merge() =>
        (await CliRun.OfAsync("merge", "-m", Model, "-o", Folder["merged.gguf"])).Failure(2);
}
