using System.Diagnostics;
using System.Reflection;

namespace LoraBridge.TestKit;

/// <summary>Runs a test in a process of its own, which may crash, or change what a whole process shares.</summary>
public static class ChildProcess
{
    /// <summary>Runs one explicit test method of an assembly, and returns how the process ended and what it wrote.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        Assembly tests, string method, CancellationToken cancellationToken, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { tests.Location, "--explicit", "only", "--filter-method", $"*{method}", "--results-directory", Path.GetTempPath() })
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, output + await errors);
    }
}
