using System.Diagnostics;
using System.Reflection;

namespace LoraBridge.TestKit;

/// <summary>Runs a test in a process of its own, which may crash, or change what a whole process shares.</summary>
public static class ChildProcess
{
    private const string Variable = "LORABRIDGE_TEST_CHILD";

    /// <summary>Whether this is such a process.</summary>
    public static bool IsChild => Environment.GetEnvironmentVariable(Variable) == "1";

    /// <summary>Runs one test method of an assembly, and answers how the process ended and what it wrote.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(Assembly tests, string method, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { tests.Location, "--filter-method", $"*{method}", "--results-directory", Path.GetTempPath() })
            start.ArgumentList.Add(argument);
        start.Environment[Variable] = "1";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, output + await errors);
    }
}
