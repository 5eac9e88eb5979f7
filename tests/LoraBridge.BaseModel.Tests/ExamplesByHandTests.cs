using System.Diagnostics;
using LoraBridge.TestKit;

namespace LoraBridge.BaseModel.Tests;

/// <summary>Each example as a person runs it: <c>dotnet run</c> without arguments in the checkout, and then again on what the first run left.</summary>
public sealed class ExamplesByHandTests
{
    /// <summary>The configuration that these tests, and with them the examples, were built in.</summary>
    private static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    /// <summary>All but what they share, and the one that downloads a model.</summary>
    public static TheoryData<string> Examples =>
        [.. Directory.EnumerateFiles(Path.Combine(CheckoutFolder.Root, "examples"), "*.csproj", SearchOption.AllDirectories)
            .Select(project => Path.GetFileName(Path.GetDirectoryName(project))!).Where(name => name is not ("Shared" or "08-Models")).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task It_runs_twice_without_arguments(string example)
    {
        var first = await RunAsync(example);
        var second = await RunAsync(example);
        Assert.NotEmpty(first);
        Assert.NotEmpty(second);
    }

    private static async Task<string> RunAsync(string example)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = CheckoutFolder.Root };
        foreach (var argument in (string[])["run", "--no-build", "-c", Configuration, "--project", $"examples/{example}"])
            start.ArgumentList.Add(argument);
        // Threads that outnumber free cores wait for each other for minutes.
        start.Environment["LORABRIDGE_THREADS"] = "1";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{example} ended with {process.ExitCode}: {output}{await errors}");
        return output;
    }
}
