using LoraBridge.Examples.Scoring;
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.BaseModel.Tests;

public sealed class HotSwapExampleTests
{
    [Fact]
    public void Adapters_are_switched_blended_and_turned_on_one_base()
    {
        using var folder = new TemporaryFolder();
        // Two adapters are found and hardly trained; the persona is missing, so the example trains it.
        foreach (var task in new[] { FineTuningTask.Knowledge, FineTuningTask.Structured })
            Train(task, folder[task.Name + ".gguf"]);

        var lines = ExampleRun.Lines("HotSwap", folder.FullName, "10");

        Assert.Equal(["0.0", "0.0", "0.0"], Scores("none"));
        Assert.InRange(double.Parse(Scores("persona")[0]), 80, 100);
        Assert.Equal("0.0", Scores("knowledge")[0]);
        Assert.Equal(["0", "0.25", "0.5", "0.75", "1", "1.25", "1.5"], lines[^7..].Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]));
        Assert.Contains(" 0.0 %", lines[^7]);
        Assert.Contains(StyleMarkerScorer.Persona.Openings, opening => lines[^3].Contains(opening, StringComparison.Ordinal));

        string[] Scores(string title) =>
            [.. lines.Single(line => line.StartsWith($"  {title} ", StringComparison.Ordinal)).Split('%')[..3]
                .Select(cell => cell.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1])];
    }

    private static void Train(FineTuningTask task, string path)
    {
        using var model = new LM(Path.Combine(AppContext.BaseDirectory, "small-world.Q4_K_M.gguf"), TinyModels.Device);
        using var finetuning = new LoraFinetuning(model) { Parameters = task.Parameters with { MaxSteps = 2, LossSampleTokens = 256 } };
        finetuning.AddDatasetFile(task.TrainingFile(AppContext.BaseDirectory));
        finetuning.TrainToAdapter(path);
    }
}
