using System.Text.Json;

namespace LoraBridge.Cli.Tests;

/// <summary>What a run of the tool answered.</summary>
internal sealed record CliRun(int ExitCode, string Out, string Error)
{
    /// <summary>The lines on standard error.</summary>
    internal string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The one JSON object on standard output.</summary>
    internal JsonElement Json
    {
        get
        {
            Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Error}");
            var line = Assert.Single(Out.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            return JsonDocument.Parse(line).RootElement;
        }
    }

    /// <summary>Asserts that the run failed with one line that says why.</summary>
    internal string Failure(int exitCode = 1)
    {
        Assert.True(exitCode == ExitCode, $"exit code {ExitCode}, expected {exitCode}: {Out}{Error}");
        Assert.Empty(Out);
        var line = Assert.Single(ErrorLines);
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
        return line;
    }

    /// <summary>Runs the tool within this process, on one thread of the CPU.</summary>
    internal static Task<CliRun> OfAsync(params string[] arguments) => OfAsync("", arguments);

    /// <summary>Runs the tool within this process; it reads <paramref name="input"/>.</summary>
    internal static async Task<CliRun> OfAsync(string input, string[] arguments, CancellationToken cancellationToken = default)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var typed = new StringReader(input);
        string[] quiet = ["--threads", "1", "--backend", "cpu", .. arguments.Contains("--progress") ? (string[])[] : ["--progress", "none"]];
        var exitCode = await Tool.RunAsync([.. arguments, .. quiet], new Terminal(typed, output, error), cancellationToken);
        return new CliRun(exitCode, output.ToString().ReplaceLineEndings("\n"), error.ToString().ReplaceLineEndings("\n"));
    }
}
