using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Finetuning;

/// <summary>Small trainings that take a second.</summary>
internal static class TrainingRuns
{
    /// <summary>Few steps, short rows, a rate at which they have an effect.</summary>
    public static LoraTrainingParameters Quick { get; } = new()
    {
        Rank = 4,
        Alpha = 8,
        MaxSteps = 6,
        LearningRate = 2e-3f,
        WarmupRatio = 0,
        ContextLength = 64,
        LossSampleTokens = 65_536,
    };

    /// <summary>Rows of token ids that follow a rule, of different lengths.</summary>
    public static int[][] Rows { get; } =
        [.. Enumerable.Range(0, 8).Select(row => Enumerable.Range(0, 12 + row).Select(i => (i * 7 + row) % 50 + 1).ToArray())];

    public static string WriteRows(TemporaryFolder folder, IEnumerable<int[]>? rows = null)
    {
        var path = folder["rows.jsonl"];
        File.WriteAllLines(path, (rows ?? Rows).Select(row => $$"""{"input_ids":[{{string.Join(',', row)}}]}"""));
        return path;
    }

    public static LoraFinetuning Create(LM model, TemporaryFolder folder, LoraTrainingParameters? parameters = null)
    {
        var finetuning = new LoraFinetuning(model) { Parameters = parameters ?? Quick };
        finetuning.AddDatasetFile(WriteRows(folder));
        return finetuning;
    }

    /// <summary>Calls <paramref name="update"/> after each update, on the training thread.</summary>
    public static IProgress<TrainingProgress> Updates(Action<TrainingProgress> update) => new SynchronousProgress<TrainingProgress>(progress =>
    {
        if (progress.Stage == TrainingStage.Training)
            update(progress);
    });
}
