using LoraBridge.TestKit;

namespace LoraBridge.Cli.Tests;

/// <summary>Damaged and foreign files: one line and exit code 1 from every command that reads them.</summary>
public sealed class HostileFileTests : CliTest
{
    public static TheoryData<string> Faults => ["missing", "empty", "text", "truncated", "corrupt"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Models_that_are_no_models(string fault)
    {
        var model = Damaged(Model, fault);
        string[][] commands =
        [
            ["inspect", model], ["eval", "-m", model, "-d", Tokens()], ["generate", "-m", model, "-p", "x"],
            ["chat", "-m", model], ["merge", "-m", model, "-a", Adapter(), "-o", Folder["out.gguf"]],
        ];
        foreach (var command in commands)
            Assert.Contains(Path.GetFileName(model), (await CliRun.OfAsync([.. command, "--json"])).Failure(), StringComparison.Ordinal);
        Assert.False(File.Exists(Folder["out.gguf"]));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Adapters_that_are_no_adapters(string fault)
    {
        var adapter = Damaged(Adapter(), fault);
        string[][] commands =
        [
            ["inspect", adapter], ["eval", "-m", Model, "-a", adapter, "-d", Tokens()],
            ["generate", "-m", Model, "-a", adapter, "-p", "x"], ["merge", "-m", Model, "-a", adapter, "-o", Folder["out.gguf"]],
        ];
        foreach (var command in commands)
            Assert.Contains(Path.GetFileName(adapter), (await CliRun.OfAsync([.. command, "--json"])).Failure(), StringComparison.Ordinal);
        Assert.False(File.Exists(Folder["out.gguf"]));
    }

    [Fact]
    public async Task An_adapter_of_another_architecture()
    {
        var adapter = Adapter(model: TinyModels.PathOf(TinyArchitecture.Gemma3));
        foreach (var command in Users(adapter))
            Assert.Contains("gemma3", (await CliRun.OfAsync(command)).Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_adapter_of_another_shape()
    {
        var wide = Save(TinyModelWriter.Create(TinyArchitecture.Llama, new TinyShape { FeedForward = 768 }), "wide.gguf");
        foreach (var command in Users(Adapter(model: wide)))
            Assert.Contains("ffn_", (await CliRun.OfAsync(command)).Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_where_an_adapter_belongs_and_the_other_way_round()
    {
        foreach (var command in Users(Model))
            (await CliRun.OfAsync(command)).Failure();
        (await CliRun.OfAsync("eval", "-m", Adapter(), "-d", Tokens())).Failure();
    }

    [Fact]
    public async Task A_model_of_an_unknown_architecture()
    {
        var writer = TinyModelWriter.Create(TinyArchitecture.Llama);
        writer.Metadata.Set("general.architecture", "abacus");
        var line = (await CliRun.OfAsync("generate", "-m", Save(writer, "abacus.gguf"), "-p", "x")).Failure();
        Assert.Contains("abacus", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stack_trace_is_only_for_who_asks()
    {
        var run = await CliRun.OfAsync("inspect", Folder["nowhere.gguf"], "--verbose");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("   at ", run.Error, StringComparison.Ordinal);
    }

    private string[][] Users(string adapter) =>
    [
        ["eval", "-m", Model, "-a", adapter, "-d", Tokens(), "--json"],
        ["generate", "-m", Model, "-a", adapter, "-p", "x", "--json"],
        ["merge", "-m", Model, "-a", adapter, "-o", Folder["out.gguf"], "--json"],
    ];

    private string Damaged(string original, string fault)
    {
        var path = Folder[$"{fault}.gguf"];
        if (fault == "missing")
            return path;
        var bytes = File.ReadAllBytes(original);
        File.WriteAllBytes(path, fault switch
        {
            "empty" => [],
            "text" => "This is no GGUF file, though it is long enough to hold the header of one."u8.ToArray(),
            "truncated" => bytes[..(bytes.Length / 2)],
            _ => [.. bytes[..8], .. Enumerable.Repeat((byte)0xA5, 64), .. bytes[72..]],
        });
        return path;
    }
}
