using LoraBridge.TestKit;

namespace LoraBridge.Cli.Tests;

public sealed class TrainTests : CliTest
{
    [Theory]
    [InlineData(TinyType.F32)]
    [InlineData(TinyType.Q4_K_M)]
    public async Task The_final_loss_is_that_of_eval_with_the_adapter(TinyType type)
    {
        var (model, data, adapter) = (TinyModels.PathOf(TinyArchitecture.Llama, type), Tokens(), Folder["adapter.gguf"]);
        var trained = (await TrainAsync(model, data, adapter, "--max-steps", "20", "--rank", "4", "--alpha", "8", "--lr", "1e-2", "--targets", "all-linear")).Json;
        Assert.Equal("completed", trained.GetProperty("status").GetString());
        Assert.Equal(20, trained.GetProperty("steps").GetInt32());
        Assert.Equal(adapter, trained.GetProperty("adapter").GetString());
        Assert.True(trained.GetProperty("trainTokens").GetInt64() > 0);
        Assert.True(trained.GetProperty("tokensPerSecond").GetDouble() > 0);
        Assert.True(trained.GetProperty("peakMemoryBytes").GetInt64() > 0);
        Assert.True(trained.GetProperty("epochs").GetDouble() > 0);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, trained.GetProperty("validationLoss").ValueKind);

        var (first, final) = (trained.GetProperty("firstLoss").GetDouble(), trained.GetProperty("finalLoss").GetDouble());
        Assert.InRange(final, 0, 0.9 * first);
        var tolerance = type == TinyType.F32 ? 1e-3 : 0.1;
        Assert.Equal(await LossAsync(), first, tolerance);
        Assert.Equal(await LossAsync("-a", adapter), final, tolerance);
        var inspected = (await CliRun.OfAsync("inspect", adapter, "--json")).Json;
        Assert.Equal(trained.GetProperty("trainableParameters").GetInt64(), inspected.GetProperty("parameters").GetInt64());

        async Task<double> LossAsync(params string[] adapters) =>
            (await CliRun.OfAsync(["eval", "-m", model, "-d", data, "--json", .. adapters])).Json.GetProperty("loss").GetDouble();
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_bytes()
    {
        var data = Tokens();
        foreach (var (name, seed) in ((string, string)[])[("one", "3"), ("two", "3"), ("other", "4")])
            Assert.Equal(0, (await TrainAsync(Model, data, Folder[name], "--max-steps", "2", "--rank", "2", "--seed", seed)).ExitCode);
        Assert.Equal(File.ReadAllBytes(Folder["one"]), File.ReadAllBytes(Folder["two"]));
        Assert.NotEqual(File.ReadAllBytes(Folder["one"]), File.ReadAllBytes(Folder["other"]));
    }

    [Fact]
    public async Task Progress_is_reported_for_each_update()
    {
        var run = await TrainAsync(Model, Tokens(), Folder["adapter.gguf"], "--max-steps", "3", "--rank", "2", "--progress", "json");
        var steps = run.ErrorLines.Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("phase").GetString() == "train").ToList();
        Assert.Equal([1, 2, 3], steps.Select(line => line.GetProperty("step").GetInt32()));
        Assert.All(steps, line => Assert.True(line.GetProperty("loss").GetDouble() > 0));
        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public async Task A_resumed_training_ends_as_one_that_was_not_interrupted()
    {
        var (data, checkpoints) = (Tokens(), Folder["checkpoints"]);
        string[] options = ["--max-steps", "4", "--rank", "2", "--checkpoint-dir", checkpoints, "--checkpoint-every", "2"];
        Assert.Equal(0, (await TrainAsync(Model, data, Folder["whole.gguf"], options)).ExitCode);
        var first = Directory.GetDirectories(checkpoints).Order(StringComparer.Ordinal).First();
        var resumed = (await TrainAsync(Model, data, Folder["resumed.gguf"], [.. options, "--resume", first])).Json;
        Assert.Equal(4, resumed.GetProperty("steps").GetInt32());
        Assert.Equal(File.ReadAllBytes(Folder["whole.gguf"]), File.ReadAllBytes(Folder["resumed.gguf"]));
        Assert.Equal(0, resumed.GetProperty("resumeChanges").GetArrayLength());
        Assert.Equal(0, resumed.GetProperty("untrainedTargets").GetArrayLength());
        var longer = await TrainAsync(Model, data, Folder["longer.gguf"], [.. options[2..], "--max-steps", "6", "--resume", checkpoints]);
        Assert.Equal(6, longer.Json.GetProperty("steps").GetInt32());
        Assert.Equal("MaxSteps was 4 and is 6", Assert.Single(longer.Json.GetProperty("resumeChanges").EnumerateArray()).GetString());
        Assert.Contains("changed: MaxSteps was 4 and is 6", longer.Error, StringComparison.Ordinal);
        Assert.Contains(
            "Rank was 2 and is 3", (await TrainAsync(Model, data, Folder["resumed.gguf"], "--max-steps", "8", "--rank", "3", "--resume", checkpoints)).Failure(), StringComparison.Ordinal);
        Assert.Contains(
            "ContextUsed was unset and is 64", (await TrainAsync(Model, data, Folder["resumed.gguf"], [.. options[2..], "--max-steps", "8", "--context-used", "64", "--resume", checkpoints])).Failure(), StringComparison.Ordinal);
        (await TrainAsync(Model, data, Folder["resumed.gguf"], "--resume", Folder["nowhere"])).Failure();
    }

    [Fact]
    public async Task Losses_are_drawn()
    {
        var plot = Folder["losses.png"];
        Assert.Equal(0, (await TrainAsync(Model, Tokens(), Folder["a.gguf"], "--max-steps", "2", "--rank", "2", "--val-split", "0.5", "--plot", plot)).ExitCode);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(plot)[..4]);
        (await TrainAsync(Model, Tokens(), Folder["a.gguf"], "--plot", Folder["losses.jpg"])).Failure(2);
        Assert.Contains("nowhere", (await TrainAsync(Model, Tokens(), Folder["a.gguf"], "--plot", Folder["nowhere/losses.png"])).Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_training_that_does_not_fit_into_memory_is_refused_before_it_starts()
    {
        // .NET then says that this is all the memory there is.
        var limited = new Dictionary<string, string> { ["DOTNET_GCHeapHardLimit"] = "0x4000000" };
        using var process = ToolProcess.Start(
            limited, ["train", "-m", Model, "-d", Tokens(), "-o", Folder["adapter.gguf"], "--rank", "64", "--threads", "1", "--progress", "none"]);
        var line = (await process.FinishAsync()).Failure();
        Assert.Contains("MiB", line, StringComparison.Ordinal);
        Assert.Contains("but there are 64", line, StringComparison.Ordinal);
        Assert.False(File.Exists(Folder["adapter.gguf"]));
    }

    [Fact]
    public async Task A_divergence_is_one_line_with_advice_and_draws_what_led_to_it()
    {
        var run = await TrainAsync(Model, Tokens(), Folder["adapter.gguf"], "--lr", "1000", "--clip", "0", "--rank", "2", "--max-steps", "500", "--plot", Folder["losses.png"]);
        var line = run.Failure();
        Assert.Contains("Lower the learning rate", line, StringComparison.Ordinal);
        Assert.Contains("adapter.last-good.gguf", line, StringComparison.Ordinal);
        Assert.True(LoraBridge.Model.LoraAdapter.ValidateFormat(Folder["adapter.last-good.gguf"], out _));
        Assert.True(File.Exists(Folder["losses.png"]));
    }

    [Fact]
    public async Task Each_option_reaches_the_training()
    {
        string[] plain = ["--max-steps", "3", "--rank", "2", "--warmup", "0.3"];
        var reference = await BytesAsync(plain);
        string[][] options =
        [
            ["--dropout", "0.3"], ["--neftune", "5"], ["--lora-plus", "4"], ["--lr-floor", "0.5"], ["--rslora"], ["--init", "peft"], ["--alpha", "3"], ["--schedule", "constant"],
            ["--weight-decay", "5"], ["--clip", "0.001"], ["--seed", "1"], ["--precision", "exact"], ["--batch", "2", "--no-packing"], ["--grad-accum", "2", "--no-packing"],
            ["--no-packing"], ["--targets", "attention"], ["--lr", "0.001"], ["--ctx", "4", "--overlong", "split"],
        ];
        foreach (var option in options)
            Assert.False(Enumerable.SequenceEqual(reference, await BytesAsync([.. plain, .. option])), string.Join(' ', option));

        async Task<byte[]> BytesAsync(string[] with)
        {
            var run = await TrainAsync(Model, Tokens(), Folder["adapter.gguf"], with);
            Assert.True(run.ExitCode == 0, run.Error);
            return File.ReadAllBytes(Folder["adapter.gguf"]);
        }
    }

    [Fact]
    public async Task The_loss_is_on_completions_or_on_all()
    {
        var data = Write("completions.jsonl", """{"prompt":"abcdefgh","completion":"xy"}""");
        var completions = (await TrainAsync(Model, data, Folder["a.gguf"], "--max-steps", "1", "--rank", "2")).Json;
        var all = (await TrainAsync(Model, data, Folder["a.gguf"], "--max-steps", "1", "--rank", "2", "--loss-on", "all")).Json;
        Assert.NotEqual(completions.GetProperty("firstLoss").GetDouble(), all.GetProperty("firstLoss").GetDouble());
    }

    [Fact]
    public async Task Validation_data_of_their_own_are_measured_and_strict_ends_at_a_bad_row()
    {
        var other = Write("other.jsonl", """{"input_ids":[9,8,7,6,5]}""");
        var run = await TrainAsync(Model, Tokens(), Folder["a.gguf"], "--max-steps", "4", "--rank", "2", "--val-data", other, "--eval-every", "1", "--patience", "3");
        Assert.True(run.Json.GetProperty("validationLoss").GetDouble() > 0);
        Assert.Equal(4, run.Json.GetProperty("steps").GetInt32());
        var bad = Write("bad.jsonl", """{"input_ids":[1,2,3]}""", "nonsense");
        Assert.Contains("line 2", (await TrainAsync(Model, bad, Folder["a.gguf"], "--strict")).Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_before_anything_was_learnt_nothing_is_written()
    {
        string[] arguments = ["train", "-m", Model, "-d", Tokens(), "-o", Folder["adapter.gguf"]];
        Assert.Equal(130, (await CliRun.OfAsync("", arguments, new CancellationToken(canceled: true))).ExitCode);
        Assert.False(File.Exists(Folder["adapter.gguf"]));
    }

    [Theory]
    [InlineData("--targets", "attn_nothing")]
    [InlineData("--init-adapter", "nowhere.gguf")]
    public async Task What_the_model_does_not_have_is_one_line(string option, string value)
    {
        var line = (await TrainAsync(Model, Tokens(), Folder["adapter.gguf"], "--max-steps", "1", option, value)).Failure();
        Assert.Contains(value, line, StringComparison.Ordinal);
        Assert.False(File.Exists(Folder["adapter.gguf"]));
    }

    [Theory]
    [InlineData("--rank", "0")]
    [InlineData("--lr", "-1")]
    [InlineData("--schedule", "luck")]
    [InlineData("--val-split", "1")]
    public async Task Wrong_options_are_wrong_usage(string option, string value) =>
        Assert.Contains(value, (await TrainAsync(Model, Tokens(), Folder["adapter.gguf"], option, value)).Failure(2), StringComparison.Ordinal);

    [Fact]
    public async Task Ctrl_c_saves_what_was_learnt()
    {
        ToolProcess.SkipWithoutInterrupts();
        using var process = ToolProcess.Start(
            "train", "-m", Model, "-d", Tokens(), "-o", Folder["adapter.gguf"], "--max-steps", "1000000", "--rank", "2", "--threads", "1", "--json", "--progress", "json");
        await process.ErrorLineAsync(line => line.Contains("\"step\"", StringComparison.Ordinal));
        process.Interrupt();
        var run = await process.FinishAsync();
        Assert.Equal(130, run.ExitCode);
        Assert.Equal("stopped", System.Text.Json.JsonDocument.Parse(run.Out).RootElement.GetProperty("status").GetString());
        Assert.Equal(0, (await CliRun.OfAsync("eval", "-m", Model, "-a", Folder["adapter.gguf"], "-d", Tokens(), "--json")).ExitCode);
    }

    private static Task<CliRun> TrainAsync(string model, string data, string adapter, params string[] options) =>
        CliRun.OfAsync(["train", "-m", model, "-d", data, "-o", adapter, "--json", .. options]);
}
