using System.Diagnostics;
using System.Text.RegularExpressions;
using LoraBridge.TestKit;

namespace LoraBridge.LLamaSharp.Tests;

/// <summary>Runs examples/09-LLamaSharp as a user does, for fewer steps.</summary>
public sealed class ExampleTests
{
    [Fact]
    public async Task LLamaSharp_answers_with_the_adapter_as_LoraBridge_does()
    {
        AdapterTests.SkipOnAnotherBuild();
        using var folder = new TemporaryFolder();
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { Path.Combine(AppContext.BaseDirectory, "LoraBridge.Examples.WithLLamaSharp.dll"), folder.FullName, "8" })
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{output}{await errors}");

        // An answer may have several lines.
        string[] lines = [.. Regex.Split(output, "^(?:LLamaSharp|LoraBridge)[^:\n]*: ", RegexOptions.Multiline)[1..].Select(answer => answer.Trim())];
        Assert.Equal(5, lines.Length);
        Assert.Equal(lines[0], lines[4]);
        Assert.Equal(lines[2], lines[3]);
        Assert.NotEqual(lines[0], lines[2]);
        Assert.NotEmpty(lines[0]);
    }
}
