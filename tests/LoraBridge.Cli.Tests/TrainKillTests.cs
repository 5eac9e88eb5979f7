using System.Text.Json;
using LoraBridge.TestKit;

namespace LoraBridge.Cli.Tests;

/// <summary>A training that is killed, again and again, ends as one that was not.</summary>
public sealed class TrainKillTests : CliTest
{
    private const int Kills = 25, Steps = 150;

    private readonly Random _random = new(1);

    [Fact]
    public async Task Killed_at_25_random_moments_it_ends_with_the_same_bytes()
    {
        string[] options =
        [
            "--max-steps", $"{Steps}", "--rank", "2", "--targets", "attn_v", "--dropout", "0.1", "--val-split", "0.5", "--eval-every", "3",
        ];
        Assert.Equal(0, (await CliRun.OfAsync(["train", "-m", Model, "-d", Tokens(), "-o", Folder["whole.gguf"], "--json", .. options])).ExitCode);

        for (var kill = 0; kill < Kills; kill++)
            await RunAndKillAsync(options);
        using var process = Start(options);
        Assert.Equal(0, (await process.FinishAsync()).ExitCode);

        Assert.Equal(File.ReadAllBytes(Folder["whole.gguf"]), File.ReadAllBytes(Folder["killed.gguf"]));
        Assert.Equal([$"checkpoint-{Steps - 2:D6}", $"checkpoint-{Steps:D6}"], Directory.GetFileSystemEntries(Folder["checkpoints"]).Select(Path.GetFileName).Order());
    }

    private ToolProcess Start(string[] options) => ToolProcess.Start(
    [
        "train", "-m", Model, "-d", Tokens(), "-o", Folder["killed.gguf"], "--checkpoint-dir", Folder["checkpoints"], "--checkpoint-every", "2",
        "--json", "--progress", "json", "--threads", "1", .. Complete() > 0 ? (string[])["--resume", Folder["checkpoints"]] : [], .. options,
    ]);

    /// <summary>Starts where the newest complete checkpoint is, and dies some updates later: in one, or while a checkpoint is written.</summary>
    private async Task RunAndKillAsync(string[] options)
    {
        var complete = Complete();
        using var process = Start(options);
        var first = 0;
        await process.ErrorLineAsync(line => (first = StepIn(line)) > 0);
        Assert.Equal(complete + 1, first);
        var last = first + _random.Next(4);
        if (last > first)
            await process.ErrorLineAsync(line => StepIn(line) >= last);
        if (_random.Next(2) == 0)
            SpinUntilSaving(_random.Next(5));
        Thread.SpinWait(_random.Next(200_000));
        await process.KillAsync();
        Assert.True(Complete() >= complete, "A complete checkpoint is gone.");
    }

    /// <summary>Waits until a checkpoint is under way and so many of its files have begun, or until the next one has passed.</summary>
    private void SpinUntilSaving(int files)
    {
        var complete = Complete();
        while (Complete() <= complete + 2)
        {
            if (!Directory.Exists(Folder["checkpoints"]))
                continue;
            foreach (var folder in Directory.EnumerateDirectories(Folder["checkpoints"], "*.tmp"))
            {
                try
                {
                    if (Directory.EnumerateFileSystemEntries(folder).Count() >= files)
                        return;
                }
                catch (DirectoryNotFoundException)
                {
                    // It has got its name meanwhile.
                    return;
                }
            }
        }
    }

    /// <summary>The update of the newest checkpoint that has its name; 0 without any.</summary>
    private int Complete() => !Directory.Exists(Folder["checkpoints"]) ? 0 : Directory.EnumerateDirectories(Folder["checkpoints"])
        .Select(path => int.TryParse(Path.GetFileName(path).AsSpan("checkpoint-".Length), out var step) ? step : 0).DefaultIfEmpty().Max();

    private static int StepIn(string line)
    {
        var json = JsonDocument.Parse(line).RootElement;
        return json.TryGetProperty("step", out var step) && step.ValueKind == JsonValueKind.Number ? step.GetInt32() : 0;
    }
}
