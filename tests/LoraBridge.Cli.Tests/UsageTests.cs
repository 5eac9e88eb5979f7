namespace LoraBridge.Cli.Tests;

public sealed class UsageTests
{
    [Theory]
    [InlineData("")]
    [InlineData("fly")]
    [InlineData("inspect")]
    [InlineData("inspect a.gguf b.gguf")]
    [InlineData("eval -m a.gguf")]
    [InlineData("eval -m a.gguf -d rows.jsonl --ctx 1")]
    [InlineData("eval -m a.gguf -d rows.jsonl --ctx many")]
    [InlineData("eval -m a.gguf -d rows.jsonl --threads 0")]
    [InlineData("eval -m a.gguf -d rows.jsonl --loss-on luck")]
    [InlineData("eval -m a.gguf -d rows.jsonl -a x.gguf:NaN")]
    [InlineData("backends --backend abacus")]
    [InlineData("generate -m a.gguf -p hello --temp -1")]
    [InlineData("generate -m a.gguf -p hello --top-p NaN")]
    [InlineData("generate -m a.gguf -p hello --unknown")]
    public async Task Wrong_usage_is_one_line_and_exit_code_2(string line)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await Tool.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), new Terminal(TextReader.Null, output, error), default);
        Assert.Contains("--help", new CliRun(exitCode, output.ToString(), error.ToString()).Failure(2), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_command_is_named()
    {
        using var error = new StringWriter();
        Assert.Equal(2, await Tool.RunAsync(["fly"], new Terminal(TextReader.Null, TextWriter.Null, error), default));
        Assert.Contains("'fly' is not a command", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("--version")]
    [InlineData("eval", "--help")]
    [InlineData("merge", "-h")]
    public async Task Help_is_given(params string[] arguments)
    {
        using var output = new StringWriter();
        Assert.Equal(0, await Tool.RunAsync(arguments, new Terminal(TextReader.Null, output, TextWriter.Null), default));
        Assert.NotEmpty(output.ToString());
    }
}
