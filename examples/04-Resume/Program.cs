// Trains with checkpoints. Stop it however you like (Ctrl-C, kill -9, the power switch) and start it again: it goes on where the
// last checkpoint was, and the adapter is the same, byte for byte, as if nothing had happened.
//
//   dotnet run -c Release --project examples/04-Resume -- [MODEL.gguf] [TRAIN.jsonl] [ADAPTER.gguf] [CHECKPOINTS]
using LoraBridge.Examples;
using LoraBridge.Finetuning;
using LoraBridge.Model;

string Beside(string name) => Path.Combine(AppContext.BaseDirectory, name);
string Argument(int index, string fallback) => index < args.Length ? args[index] : fallback;

var checkpoints = Argument(3, Beside("checkpoints"));
using var model = new LM(Argument(0, Beside("small-world.Q4_K_M.gguf")));
using var finetuning = new LoraFinetuning(model)
{
    Parameters = new LoraTrainingParameters
    {
        Rank = 8,
        LearningRate = 5e-3f,
        ContextLength = 256,
        CheckpointDirectory = checkpoints,
        CheckpointInterval = 5,
    },
};
finetuning.AddDatasetFile(Argument(1, Beside("persona.train.jsonl")));
if (Directory.Exists(checkpoints) && Directory.EnumerateDirectories(checkpoints, "checkpoint-*").Any())
    finetuning.ResumeFrom(checkpoints);

// Ctrl-C ends after the update at hand and writes what is learnt so far.
Console.CancelKeyPress += (_, signal) =>
{
    signal.Cancel = true;
    finetuning.RequestStop();
};
var progress = new DirectProgress<TrainingProgress>(state =>
{
    if (state.Stage == TrainingStage.Training)
        Console.WriteLine($"step {state.Step} of {state.TotalSteps}: loss {state.Loss:f3}, {state.Remaining:hh\\:mm\\:ss} left");
});

var result = finetuning.TrainToAdapter(Argument(2, Beside("adapter.gguf")), progress);
Console.WriteLine($"{result.Status} after {result.Steps} steps: loss {result.FirstLoss:f3} -> {result.FinalLoss:f3}");
Console.WriteLine($"adapter {result.AdapterPath}, newest checkpoint {result.CheckpointPath}");
