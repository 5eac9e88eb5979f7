using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;

namespace LoraBridge.Cli.Tests;

/// <summary>A process that runs the tool.</summary>
internal sealed class ToolProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task _reading;
    private readonly Channel<string> _errorLines = Channel.CreateUnbounded<string>();

    private ToolProcess(Process process)
    {
        _process = process;
        _reading = ReadErrorsAsync();
    }

    internal StreamWriter Input => _process.StandardInput;

    internal StreamReader Output => _process.StandardOutput;

    internal static ToolProcess Start(params string[] arguments) => Start(new Dictionary<string, string>(), arguments);

    /// <summary>Starts the tool with more in its environment.</summary>
    internal static ToolProcess Start(IReadOnlyDictionary<string, string> environment, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "LoraBridge.Cli.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new ToolProcess(Process.Start(start)!);
    }

    /// <summary>Skips a test of Ctrl-C where no process can meet one.</summary>
    internal static void SkipWithoutInterrupts()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals.");
        Assert.SkipWhen(IgnoresInterrupts, "Ctrl-C is ignored here.");
    }

    /// <summary>Whether what starts this process has it ignore Ctrl-C, and with it all processes that it starts: a shell does so behind nohup and &amp;.</summary>
    private static bool IgnoresInterrupts =>
        File.Exists("/proc/self/status")
        && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is { } ignored
        && (Convert.ToUInt64(ignored["SigIgn:".Length..].Trim(), 16) & 2) != 0;

    /// <summary>Sends what Ctrl-C sends.</summary>
    internal void Interrupt()
    {
        using var kill = Process.Start("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Ends the process as <c>kill -9</c> does: it learns nothing of it.</summary>
    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits for a line on standard error, and skips those before it.</summary>
    internal async Task ErrorLineAsync(Func<string, bool> isWanted)
    {
        await foreach (var line in _errorLines.Reader.ReadAllAsync())
        {
            if (isWanted(line))
                return;
        }
        Assert.Fail("The process ended without the line.");
    }

    /// <summary>Waits for the end.</summary>
    internal async Task<CliRun> FinishAsync()
    {
        var output = await _process.StandardOutput.ReadToEndAsync();
        await _process.WaitForExitAsync();
        await _reading;
        List<string> errors = [];
        await foreach (var line in _errorLines.Reader.ReadAllAsync())
            errors.Add($"{line}\n");
        return new CliRun(_process.ExitCode, output, string.Concat(errors));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
            _errorLines.Writer.TryWrite(line);
        _errorLines.Writer.Complete();
    }
}
