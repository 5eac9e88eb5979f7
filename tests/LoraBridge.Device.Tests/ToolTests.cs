using System.Text.Json;
using LoraBridge.Cli;
using LoraBridge.TestKit;
using LoraBridge.Tests.Finetuning;

namespace LoraBridge.Device.Tests;

/// <summary>The tool's commands compute on the device that they are told to, and say what that left to the CPU.</summary>
public sealed class ToolTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Gradcheck_compares_the_gradients_of_the_device()
    {
        var json = await JsonOf(
            "gradcheck", "-m", TinyModels.PathOf(TinyArchitecture.Llama), "--ctx", "8", "--rank", "2", "--targets", "blk.1.attn_k,blk.1.ffn_up",
            "--precision", "balanced");
        RequireDevice(json);
        Assert.Empty(Fallbacks(json));
        Assert.True(json.GetProperty("pass").GetBoolean());
        Assert.InRange(json.GetProperty("maxRelativeL2").GetDouble(), 1e-6, 0.1);
    }

    /// <summary>A scan has no gradient there: the CPU computes it, and that is said with the reason.</summary>
    [Fact]
    public async Task Gradcheck_says_what_the_device_left_to_the_CPU()
    {
        var json = await JsonOf("gradcheck", "-m", Zoo.PathOf("mamba2-dense.gguf"), "--ctx", "8", "--rank", "2", "--precision", "balanced");
        RequireDevice(json);
        var scan = Assert.Single(Fallbacks(json), fallback => fallback.GetProperty("operation").GetString() == "SsmScanGradient");
        Assert.True(scan.GetProperty("count").GetInt32() > 0);
        Assert.Contains("a kernel of the CPU", scan.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eval_names_the_device()
    {
        string[] eval = ["eval", "-m", TinyModels.PathOf(TinyArchitecture.Llama), "-d", TrainingRuns.WriteRows(_folder), "--ctx", "32"];
        var json = await JsonOf(eval);
        RequireDevice(json);
        Assert.Empty(Fallbacks(json));
        var cpu = await JsonOf(eval, "cpu");
        Assert.Equal("CPU", cpu.GetProperty("device").GetString());
        var expected = cpu.GetProperty("loss").GetDouble();
        Assert.Equal(expected, json.GetProperty("loss").GetDouble(), 5e-3 * expected);
    }

    [Fact]
    public async Task Bench_train_measures_the_device()
    {
        var json = await JsonOf("bench", "train", "--shape", "tiny", "--type", "q4_k", "--ctx", "16", "--rank", "2", "--steps", "1", "--targets", "attention");
        RequireDevice(json);
        Assert.Empty(Fallbacks(json));
        Assert.True(json.GetProperty("tokensPerSecond").GetDouble() > 0);
        Assert.True(json.GetProperty("estimatedDeviceBytes").GetInt64() > 0);
        var operations = json.GetProperty("operations").EnumerateArray().ToList();
        Assert.Contains(operations, operation => operation.GetProperty("kind").GetString()!.StartsWith("MUL_MAT", StringComparison.Ordinal));
        Assert.All(operations, operation => Assert.True(operation.GetProperty("seconds").GetDouble() > 0));
        foreach (var part in (string[])["secondsForward", "secondsBackward", "secondsAttention", "secondsOptimizer"])
            Assert.True(json.GetProperty(part).GetDouble() > 0, part);
        Assert.True(json.GetProperty("secondsAttention").GetDouble() < json.GetProperty("secondsForward").GetDouble() + json.GetProperty("secondsBackward").GetDouble());
    }

    /// <summary>Software is slower than the CPU's own kernels.</summary>
    [Fact]
    public async Task Backends_say_what_trains_on_a_device_and_that_auto_leaves_software()
    {
        var json = await JsonOf(["backends"], backend: null);
        var backend = json.GetProperty("candidates").EnumerateArray().Single(candidate => candidate.GetProperty("name").GetString() == Name);
        var device = backend.GetProperty("devices")[0];
        Assert.SkipUnless(device.GetProperty("description").GetString()!.StartsWith("llvmpipe", StringComparison.Ordinal), "This is another device.");
        Assert.Equal("cpu", json.GetProperty("selected").GetString());
        Assert.Contains("asked for by name", device.GetProperty("training").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Training_says_where_it_computed_and_why()
    {
        string[] train =
        [
            "train", "-m", TinyModels.PathOf(TinyArchitecture.Llama), "-d", TrainingRuns.WriteRows(_folder), "-o", _folder["adapter.gguf"], "--max-steps", "1",
            "--ctx", "32", "--rank", "2",
        ];
        var json = await JsonOf(train);
        RequireDevice(json);
        Assert.Equal("asked for by name", json.GetProperty("deviceReason").GetString());
        Assert.Empty(Fallbacks(json));
        var cpu = await JsonOf(train, "auto");
        Assert.SkipUnless(cpu.GetProperty("device").GetString() == "CPU", "There is a GPU, which auto takes.");
        Assert.Equal("no GPU was found", cpu.GetProperty("deviceReason").GetString());
    }

    private static string Name => DeviceUnderTest.Backend.ToString().ToLowerInvariant();

    private static void RequireDevice(JsonElement json) => Assert.StartsWith(Name, json.GetProperty("device").GetString(), StringComparison.OrdinalIgnoreCase);

    private static JsonElement[] Fallbacks(JsonElement json) => [.. json.GetProperty("fallbackNodes").EnumerateArray()];

    private static Task<JsonElement> JsonOf(params string[] arguments) => JsonOf(arguments, Name);

    private static async Task<JsonElement> JsonOf(string[] arguments, string? backend)
    {
        _ = DeviceUnderTest.Backend;
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var nothing = new StringReader("");
        string[] place = backend is null ? [] : ["--backend", backend];
        var exitCode = await Tool.RunAsync(
            [.. arguments, .. place, "--threads", "1", "--json", "--progress", "none"], new Terminal(nothing, output, error), TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, $"exit code {exitCode}: {error}");
        return JsonDocument.Parse(output.ToString()).RootElement;
    }
}
