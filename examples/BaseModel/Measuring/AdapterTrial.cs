using LoraBridge.Examples.Scoring;
using LoraBridge.Finetuning;
using LoraBridge.Model;

namespace LoraBridge.Examples.BaseModel.Measuring;

/// <summary>What a task's adapter does to a model: scores before, with it, and merged; losses; and what becomes of the rest.</summary>
internal sealed record AdapterTrial(FineTuningTask Task, Score Before, Score After, Score Merged, TrainingResult Training, long AnswerTokens, double HeldOutLoss, Score World)
{
    /// <summary>Questions about facts of the world whose answers the adapter keeps or spoils.</summary>
    private const string WorldSet = "world-heldout.jsonl";

    /// <summary>Trains the task's adapter on a model, merges it, and measures.</summary>
    /// <param name="model">Without adapters.</param>
    /// <param name="task">The task.</param>
    /// <param name="seed">Of the adapter's first values and of the order of the samples.</param>
    /// <param name="precision">What the training computes in.</param>
    /// <param name="data">The folder of the data sets.</param>
    /// <param name="output">Where the adapter and the merged model are written.</param>
    public static AdapterTrial Run(LM model, FineTuningTask task, ulong seed, TrainingPrecision precision, string data, string output)
    {
        var before = Score(model, task, data);
        var adapterPath = Path.Combine(output, task.Name + ".gguf");
        // The final loss is to be that of the whole training set, not of a part of it.
        var parameters = task.Parameters with { Seed = seed, Precision = precision, LossSampleTokens = int.MaxValue };
        using var finetuning = new LoraFinetuning(model) { Parameters = parameters };
        finetuning.AddDatasetFile(task.TrainingFile(data));
        var training = finetuning.TrainToAdapter(adapterPath);

        var adapter = model.ApplyLoraAdapter(adapterPath);
        try
        {
            var after = Score(model, task, data);
            var loss = LossEvaluation.Evaluate(model, TrainingDataset.FromFile(task.HeldOutFile(data))).Loss;
            var world = AskWorld(model, data);
            var mergedPath = Path.Combine(output, task.Name + ".merged.gguf");
            new LoraMerger(model) { Options = new MergeOptions { OutputType = MergeOutputType.Keep, Overwrite = true } }.MergeAndExport(adapter, mergedPath);
            using var merged = new LM(mergedPath);
            return new AdapterTrial(task, before, after, Score(merged, task, data), training, finetuning.Statistics.TargetCount, loss, world);
        }
        finally
        {
            model.RemoveLoraAdapter(adapter);
        }
    }

    /// <summary>World questions answered right, whatever manner the answer is in.</summary>
    public static Score AskWorld(LM model, string data) =>
        TaskSet.Load(Path.Combine(data, WorldSet)).Evaluate(new ContentScorer(), Respondent.Of(model));

    private static Score Score(LM model, FineTuningTask task, string data) =>
        TaskSet.Load(task.HeldOutFile(data)).Evaluate(task.Scorer, Respondent.Of(model));

    /// <summary>The words between the marks of the persona, if it bears them.</summary>
    private sealed class ContentScorer : IScorer
    {
        private readonly ExactMatchScorer _exact = new();

        public string Name => "right content";

        public bool IsCorrect(string reference, string answer) => _exact.IsCorrect(reference, StyleMarkerScorer.Persona.Undress(answer));
    }
}
