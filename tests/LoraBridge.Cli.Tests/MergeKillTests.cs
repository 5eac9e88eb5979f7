using System.Text.Json;
using LoraBridge.TestKit;

namespace LoraBridge.Cli.Tests;

/// <summary>A merge that is killed leaves the old file, or has put the new one in its place, and nothing else.</summary>
public sealed class MergeKillTests : CliTest
{
    [Theory]
    [InlineData("keep", "merging", 1)]
    [InlineData("keep", "merging", 40)]
    [InlineData("keep", "merging", 90)]
    [InlineData("q8_0", "merging", 60)]
    [InlineData("q8_0", "quantizing", 0)]
    public async Task No_half_file_and_no_litter_are_left(string type, string stage, int percent)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has files without a name; elsewhere the next merge cleans up.");
        var (model, adapter, output) = (Folder["base.gguf"], Adapter(), Write("merged.gguf", "precious"));
        TinyModelWriter.Create(TinyArchitecture.Llama, new TinyShape { Layers = 12 }).Save(model);
        using var process = ToolProcess.Start(
            "merge", "-m", model, "-a", adapter, "-o", output, "--type", type, "--force", "--progress", "json", "--threads", "1");

        await process.ErrorLineAsync(line => Progress(line) is var (name, part) && name == stage && part >= percent);
        await process.KillAsync();

        Assert.Equal(["adapter.gguf", "base.gguf", "merged.gguf"], Directory.GetFileSystemEntries(Folder.FullName).Select(Path.GetFileName).Order());
        if (new FileInfo(output).Length < 100)
            Assert.Equal("precious", File.ReadAllText(output).Trim());
        else
            Assert.Equal(0, (await CliRun.OfAsync("eval", "-m", output, "-d", Tokens(), "--json")).ExitCode);
    }

    [Fact]
    public async Task No_part_of_a_split_model_is_left()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has files without a name; elsewhere the next merge cleans up.");
        var (model, adapter) = (Folder["base.gguf"], Adapter());
        TinyModelWriter.Create(TinyArchitecture.Llama, new TinyShape { Layers = 12 }).Save(model);
        using var process = ToolProcess.Start(
            "merge", "-m", model, "-a", adapter, "-o", Folder["merged.gguf"], "--split-max-mb", "2", "--progress", "json", "--threads", "1");

        await process.ErrorLineAsync(line => Progress(line).Percent >= 50);
        await process.KillAsync();

        var left = Directory.GetFileSystemEntries(Folder.FullName).Select(Path.GetFileName).Where(name => name is not ("adapter.gguf" or "base.gguf")).ToList();
        // None, or all, where the process was faster.
        Assert.True(left.Count == 0 || left.Count == int.Parse(left[0]![^10..^5], System.Globalization.CultureInfo.InvariantCulture), string.Join(' ', left));
    }

    private static (string? Stage, double Percent) Progress(string line)
    {
        var json = JsonDocument.Parse(line).RootElement;
        return (json.GetProperty("phase").GetString(), 100 * json.GetProperty("fraction").GetDouble());
    }
}
