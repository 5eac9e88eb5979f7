using System.Diagnostics;
using LoraBridge.TestKit;

namespace LoraBridge.LLamaSharp.Tests;

/// <summary>One process has one llama.cpp, whoever loads it first: programs of their own, which a wrong library would end.</summary>
public sealed class LoadOrderTests
{
    private const string NativeDirectory = "LORABRIDGE_NATIVE_DIR";

    [Fact]
    public async Task Both_work_when_LLamaSharp_is_first()
    {
        var (code, output) = await RunAsync([], "LLamaSharp", "LoraBridge", "LLamaSharp");

        Assert.Equal(0, code);
        Assert.Equal(3, output.Length);
        Assert.Equal(output[0], output[2]);
        Assert.EndsWith("parameters, b10221, the process had loaded it already", output[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_work_when_LoraBridge_is_first()
    {
        var (code, output) = await RunAsync([], "LoraBridge", "LLamaSharp", "LoraBridge");

        Assert.Equal(0, code);
        Assert.Equal(3, output.Length);
        Assert.Equal(output[0], output[2]);
        Assert.Contains("parameters, b10221, a LLamaSharp.Backend package", output[0], StringComparison.Ordinal);
        Assert.StartsWith("LLamaSharp: ", output[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_LLamaSharp_has_loaded_is_used_whatever_folder_the_environment_names()
    {
        using var folder = new TemporaryFolder();
        var (code, output) = await RunAsync(new() { [NativeDirectory] = OtherBuild(folder) }, "LLamaSharp", "LoraBridge");

        Assert.Equal(0, code);
        Assert.Contains("b10221", output[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_build_is_refused_before_LLamaSharp_can_meet_it()
    {
        using var folder = new TemporaryFolder();
        var (code, output) = await RunAsync(new() { [NativeDirectory] = OtherBuild(folder) }, "LoraBridge", "LLamaSharp");

        Assert.Equal(1, code);
        Assert.StartsWith("NativeException: ", output[0], StringComparison.Ordinal);
        Assert.Contains("is not the build of LLamaSharp, which is part of this program", output[0], StringComparison.Ordinal);
        Assert.Contains(NativeDirectory, output[0], StringComparison.Ordinal);
    }

    /// <summary>Libraries with llama.cpp's names that LoraBridge knows nothing of.</summary>
    private static string OtherBuild(TemporaryFolder folder)
    {
        foreach (var name in new[] { "ggml-base", "ggml", "llama" })
        {
            File.WriteAllText(folder[$"lib{name}.so"], "another build");
            File.WriteAllText(folder[$"lib{name}.dylib"], "another build");
            File.WriteAllText(folder[$"{name}.dll"], "another build");
        }
        return folder.FullName;
    }

    private static async Task<(int Code, string[] Output)> RunAsync(Dictionary<string, string> environment, params string[] order)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "LoadOrder.dll"));
        foreach (var argument in order.Append(TinyModels.PathOf(TinyArchitecture.Llama)))
            start.ArgumentList.Add(argument);
        start.Environment.Remove(NativeDirectory);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await errors;
        return (process.ExitCode, output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }
}
