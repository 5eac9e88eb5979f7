using System.Globalization;
using LoraBridge.TestKit;

namespace LoraBridge.BaseModel.Tests;

/// <summary>The demo of the model that ships, as users run it.</summary>
public sealed class FinetuneExampleTests
{
    [Fact]
    public void An_adapter_teaches_the_model_and_can_be_turned_off_and_merged()
    {
        using var folder = new TemporaryFolder();
        var lines = ExampleRun.Lines("Finetune", folder.FullName);

        Assert.InRange(Score("before"), 0, 10);
        Assert.InRange(Score("scale 1"), 85, 100);
        Assert.Equal(Row("before"), Row("scale 0"));
        Assert.InRange(Score("merged"), Score("scale 1") - 3, Score("scale 1") + 3);
        Assert.InRange(Loss("scale 1"), 0, 0.5 * Loss("scale 0.5"));
        Assert.True(File.Exists(folder["small-world-captain.Q4_K_M.gguf"]));

        // What stands after the title: score, loss, one answer.
        string[] Row(string title) => lines.Single(line => line.StartsWith($"  {title} ", StringComparison.Ordinal)).Split('|')[1..];
        double Score(string title) => double.Parse(Row(title)[0].Split('%')[0], CultureInfo.InvariantCulture);
        double Loss(string title) => double.Parse(Row(title)[1].Replace("loss", ""), CultureInfo.InvariantCulture);
    }
}
