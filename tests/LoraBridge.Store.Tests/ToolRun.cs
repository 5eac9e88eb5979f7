using System.Diagnostics;
using System.Text.Json;
using LoraBridge.TestKit;

namespace LoraBridge.Store.Tests;

/// <summary>The tool in a process of its own, with a cache and hub of a test.</summary>
internal sealed class ToolRun : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    private ToolRun(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Starts the tool.</summary>
    /// <param name="environment">Variables for it; those that lead to real hubs, caches and tokens are taken away first.</param>
    /// <param name="arguments">Its arguments.</param>
    internal static ToolRun Start(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        StartProgram("src/LoraBridge.Cli", "LoraBridge.Cli.dll", environment, arguments);

    /// <summary>Starts another program from its own folder: beside the tests lie only those libraries that ASP.NET does not bring.</summary>
    internal static ToolRun StartProgram(string project, string program, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(CheckoutFolder.Root, project, Path.GetRelativePath(Path.Combine(CheckoutFolder.Root, "tests", "LoraBridge.Store.Tests"), AppContext.BaseDirectory), program), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("HF_", StringComparison.Ordinal) || name.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new ToolRun(Process.Start(start)!);
    }

    /// <summary>Ends the process as <c>kill -9</c> does, whatever it is doing.</summary>
    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits for the end.</summary>
    internal async Task<(int ExitCode, string Out, string Error)> FinishAsync()
    {
        await _process.WaitForExitAsync();
        return (_process.ExitCode, await _output, await _errors);
    }

    /// <summary>Waits for the end, which must be a good one, and reads the JSON object on the last line.</summary>
    internal async Task<JsonElement> JsonAsync()
    {
        var (exitCode, output, error) = await FinishAsync();
        Assert.True(exitCode == 0, $"exit code {exitCode}: {output}{error}");
        return JsonDocument.Parse(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]).RootElement;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
