using LoraBridge.TestKit;

namespace LoraBridge.BaseModel.Tests;

/// <summary>The examples of data sets and of resuming, on some rows of their data.</summary>
public sealed class DatasetExampleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static string Model => Path.Combine(AppContext.BaseDirectory, "small-world.Q4_K_M.gguf");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_data_set_is_described_validated_and_trained_on()
    {
        var lines = ExampleRun.Lines("ChatDataset", Model, Rows("persona.train.jsonl", 24), Rows("persona.heldout.jsonl", 6), _folder["adapter.gguf"]);
        Assert.StartsWith("24 samples of ", lines[0], StringComparison.Ordinal);
        Assert.Equal("0 skipped, 0 cut short, 0 trained on as a whole", lines[1]);
        Assert.Equal(3, lines.Count(line => line.StartsWith("epoch ", StringComparison.Ordinal) && line.Contains("validation ", StringComparison.Ordinal)));
        Assert.Contains(lines, line => line.StartsWith("Completed: ", StringComparison.Ordinal));
        Assert.True(File.Exists(_folder["adapter.gguf"]));
    }

    [Fact]
    public void A_training_goes_on_from_a_checkpoint_to_the_same_bytes()
    {
        var rows = Rows("persona.train.jsonl", 24);
        var whole = ExampleRun.Lines("Resume", Model, rows, _folder["whole.gguf"], _folder["checkpoints"]);
        Assert.StartsWith("step 1 of ", whole[0], StringComparison.Ordinal);
        // As if it had died before the last checkpoint.
        Directory.Delete(Directory.GetDirectories(_folder["checkpoints"]).Order(StringComparer.Ordinal).Last(), recursive: true);
        var resumed = ExampleRun.Lines("Resume", Model, rows, _folder["resumed.gguf"], _folder["checkpoints"]);
        Assert.False(resumed[0].StartsWith("step 1 of ", StringComparison.Ordinal));
        Assert.True(resumed.Length < whole.Length);
        Assert.Equal(File.ReadAllBytes(_folder["whole.gguf"]), File.ReadAllBytes(_folder["resumed.gguf"]));
    }

    private string Rows(string name, int count)
    {
        var path = _folder[name];
        File.WriteAllLines(path, File.ReadLines(Path.Combine(AppContext.BaseDirectory, name)).Take(count));
        return path;
    }
}
