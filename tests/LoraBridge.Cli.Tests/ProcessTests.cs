namespace LoraBridge.Cli.Tests;

/// <summary>The tool as users start it: exit codes and streams of a real process.</summary>
public sealed class ProcessTests : CliTest
{
    [Fact]
    public async Task Standard_output_ends_with_the_json_object()
    {
        using var process = ToolProcess.Start("eval", "-m", Model, "-d", Tokens(), "--json", "--threads", "1");
        var run = await process.FinishAsync();
        Assert.Equal(14, run.Json.GetProperty("tokens").GetInt64());
    }

    [Fact]
    public async Task A_damaged_model_is_exit_code_1()
    {
        using var process = ToolProcess.Start("generate", "-m", Write("damaged.gguf", "GGUF"), "-p", "x", "--progress", "none");
        (await process.FinishAsync()).Failure();
    }

    /// <summary>Where the locale says Latin-1, as where it says a code page of Windows.</summary>
    [Fact]
    public async Task Piped_text_is_utf_8_whatever_the_locale()
    {
        using var process = ToolProcess.Start(
            new Dictionary<string, string> { ["LC_ALL"] = "de_DE.ISO-8859-1" }, ["chat", "-m", Model, "-n", "1", "--json", "--threads", "1", "--progress", "none"]);
        await process.Input.BaseStream.WriteAsync("Grüße\n"u8.ToArray());
        process.Input.Close();
        var run = await process.FinishAsync();
        Assert.Equal("Grüße", run.Json.GetProperty("messages")[0].GetProperty("content").GetString());
    }

    [Fact]
    public async Task Ctrl_c_ends_a_chat_with_130()
    {
        ToolProcess.SkipWithoutInterrupts();
        using var process = ToolProcess.Start("chat", "-m", Model, "-n", "1", "--threads", "1", "--progress", "none");
        await process.Input.WriteLineAsync("/adapter");
        await process.Input.FlushAsync();
        Assert.Equal("No adapter is applied.", await process.Output.ReadLineAsync());
        process.Interrupt();
        Assert.Equal(130, (await process.FinishAsync()).ExitCode);
    }
}
