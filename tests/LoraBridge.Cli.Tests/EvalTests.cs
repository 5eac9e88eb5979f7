using LoraBridge.TestKit;

namespace LoraBridge.Cli.Tests;

public sealed class EvalTests : CliTest
{
    [Fact]
    public async Task The_loss_of_tokens_is_reported()
    {
        var json = (await CliRun.OfAsync("eval", "-m", Model, "-d", Tokens(), "--json")).Json;
        Assert.Equal(11 + 3, json.GetProperty("tokens").GetInt64());
        var loss = json.GetProperty("loss").GetDouble();
        Assert.InRange(loss, 1, 100);
        Assert.Equal(Math.Exp(loss), json.GetProperty("perplexity").GetDouble(), 1e-9 * Math.Exp(loss));
    }

    [Fact]
    public async Task An_adapter_counts_with_its_scale()
    {
        var (data, adapter) = (Tokens(), Adapter());
        var without = await LossAsync();
        Assert.Equal(without, await LossAsync("-a", $"{adapter}:0"));
        Assert.Equal(without, await LossAsync("-a", Adapter("zero.gguf", scaleOfB: 0)), 1e-6);
        var full = await LossAsync("-a", adapter);
        Assert.NotEqual(without, full);
        Assert.Equal(full, await LossAsync("-a", $"{adapter}:1.0"));
        Assert.NotEqual(full, await LossAsync("-a", $"{adapter}:0.5"));
        Assert.NotEqual(full, await LossAsync("-a", adapter, "-a", Adapter("second.gguf", seed: 2)));

        async Task<double> LossAsync(params string[] adapters) =>
            (await CliRun.OfAsync(["eval", "-m", Model, "-d", data, "--json", .. adapters])).Json.GetProperty("loss").GetDouble();
    }

    [Fact]
    public async Task The_loss_counts_the_answer_or_everything()
    {
        var data = Write("completions.jsonl", """{"prompt":"What is it? ","completion":"It is a test."}""");
        Assert.InRange(await CountAsync("assistant"), 1, await CountAsync("all") - 1);

        async Task<long> CountAsync(string lossOn) =>
            (await CliRun.OfAsync("eval", "-m", Model, "-d", data, "--loss-on", lossOn, "--json")).Json.GetProperty("tokens").GetInt64();
    }

    [Fact]
    public async Task Rows_that_cannot_be_used_are_named()
    {
        var data = Write("rows.jsonl", """{"input_ids":[1,2,3]}""", """{"input_ids":[1,2,99999]}""");
        var run = await CliRun.OfAsync("eval", "-m", Model, "-d", data, "--json");
        Assert.Equal(2, run.Json.GetProperty("tokens").GetInt64());
        Assert.Contains("line 2", run.Error, StringComparison.Ordinal);
        Assert.Contains("99999", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_without_any_usable_row_is_an_error() =>
        Assert.Contains("99999", (await CliRun.OfAsync("eval", "-m", Model, "-d", Write("rows.jsonl", """{"input_ids":[1,2,99999]}"""))).Failure(), StringComparison.Ordinal);

    [Fact]
    public async Task Progress_goes_to_standard_error_as_json()
    {
        var run = await CliRun.OfAsync("eval", "-m", Model, "-d", Tokens(), "--json", "--progress", "json");
        Assert.True(run.Json.GetProperty("tokens").GetInt64() > 0);
        Assert.All(run.ErrorLines, line => Assert.InRange(System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("fraction").GetDouble(), 0, 1));
        Assert.Contains(run.ErrorLines, line => line.Contains("eval", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Models_without_tokenizer_take_tokens_only()
    {
        var model = Zoo.PathOf("llama-dense.gguf");
        Assert.Equal(14, (await CliRun.OfAsync("eval", "-m", model, "-d", Tokens(), "--json")).Json.GetProperty("tokens").GetInt64());
        var text = Write("text.jsonl", """{"text":"hello"}""");
        Assert.Contains("tokenizer", (await CliRun.OfAsync("eval", "-m", model, "-d", text)).Failure(), StringComparison.Ordinal);
    }
}
