using LoraBridge.TestKit;

namespace LoraBridge.Cli.Tests;

public sealed class ConvertTests : CliTest
{
    [Fact]
    public async Task An_adapter_goes_to_peft_and_comes_back()
    {
        var (adapter, folder, back) = (Adapter(), Folder["peft"], Folder["back.gguf"]);
        var there = (await CliRun.OfAsync("convert", "--to", "peft", adapter, "-m", Model, "-o", folder, "--json")).Json;
        Assert.Equal(["tensors", "rank", "alpha", "skipped"], there.EnumerateObject().Select(property => property.Name));
        Assert.Equal((28, 4, 8), (there.GetProperty("tensors").GetInt32(), there.GetProperty("rank").GetInt32(), there.GetProperty("alpha").GetDouble()));
        Assert.Equal(0, there.GetProperty("skipped").GetArrayLength());
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());

        Assert.Equal(there.ToString(), (await CliRun.OfAsync("convert", "--from", "peft", folder, "-m", Model, "-o", back, "--json")).Json.ToString());
        var data = Tokens();
        Assert.Equal(await LossAsync(adapter), await LossAsync(back));

        async Task<double> LossAsync(string path) =>
            (await CliRun.OfAsync("eval", "-m", Model, "-a", path, "-d", data, "--json")).Json.GetProperty("loss").GetDouble();
    }

    [Fact]
    public async Task What_cannot_be_converted_is_reported()
    {
        var model = TinyModels.PathOf(TinyArchitecture.Gemma3);
        var adapter = Save(TinyAdapters.Create(model, ["attn_q", "attn_norm", "token_embd"]), "adapter.gguf");
        var folder = Folder["peft"];
        (await CliRun.OfAsync("convert", "--to", "peft", adapter, "-m", Model, "-o", folder)).Failure();
        Assert.False(Directory.Exists(folder));
        Assert.Contains("adapter_config.json", (await CliRun.OfAsync("convert", "--from", "mlx", Folder.FullName, "-m", model, "-o", "x")).Failure(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("convert a -m b -o c")]
    [InlineData("convert --from peft --to peft a -m b -o c")]
    [InlineData("convert --from onnx a -m b -o c")]
    [InlineData("convert --to mlx a -m b -o c")]
    [InlineData("convert --from peft a -o c")]
    public async Task Directions_are_checked(string line) => (await CliRun.OfAsync(line.Split(' '))).Failure(2);
}
