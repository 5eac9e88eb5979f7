// One base in memory, three adapters of it: switched between questions, blended, and turned from off to too much.
//
//   dotnet run -c Release --project examples/02-HotSwap -- [FOLDER] [QUESTIONS]
//
// Adapters that FOLDER does not hold are trained first, some seconds each. QUESTIONS of each task are asked: 20 unless given.
using LoraBridge.Examples;
using LoraBridge.Examples.Scoring;
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

var output = Directory.CreateDirectory(args.Length > 0 ? args[0] : Path.Combine(AppContext.BaseDirectory, "output")).FullName;
var limit = args.Length > 1 ? int.Parse(args[1]) : 20;
using var model = new LM(Path.Combine(AppContext.BaseDirectory, "small-world.Q4_K_M.gguf"));
using var chat = new SingleTurnConversation(model) { SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 48 };
var adapters = FineTuningTask.All.ToDictionary(task => task, task => new LoraAdapter(Trained(task)));
var (persona, knowledge) = (adapters[FineTuningTask.Persona], adapters[FineTuningTask.Knowledge]);

Console.WriteLine($"{"switch",-13}{string.Concat(FineTuningTask.All.Select(task => $"{task.Name,-20}"))}");
Row("none", []);
foreach (var (task, adapter) in adapters)
    Row(task.Name, [adapter]);

// Blending adds up what two adapters change. The manner of these two comes through; but they were trained apart and disturb each other,
// the more the more both have to say: facts suffer, the new ones most.
Console.WriteLine("\nblend: the mate and the company at once");
foreach (var question in new[] { "Where does Dora live?", "What river is in Larkspur?", "Where is Dravomil based?" })
    Console.WriteLine($"  {question} {With([persona, knowledge], () => chat.Submit(question).Text.ReplaceLineEndings(" "))}");

Console.WriteLine("\ndial");
foreach (var scale in new[] { 0, 0.25f, 0.5f, 0.75f, 1, 1.25f, 1.5f })
{
    persona.Scale = scale;
    Console.WriteLine($"  {scale,-5} {With([persona], () => $"{Score(FineTuningTask.Persona),-16} {chat.Submit("Where does Dora live?").Text}")}");
}

void Row(string title, LoraAdapter[] active) =>
    Console.WriteLine($"  {title,-11}{With(active, () => string.Concat(FineTuningTask.All.Select(task => $"{Score(task),-20}")))}");

Score Score(FineTuningTask task) =>
    TaskSet.Load(task.HeldOutFile(AppContext.BaseDirectory)).Evaluate(task.Scorer, asked => chat.Submit(asked.Question).Text, limit);

T With<T>(LoraAdapter[] active, Func<T> ask)
{
    chat.SetAdapters(active);
    return ask();
}

string Trained(FineTuningTask task)
{
    var path = Path.Combine(output, task.Name + ".gguf");
    if (File.Exists(path)) return path;
    using var finetuning = new LoraFinetuning(model) { Parameters = task.Parameters };
    finetuning.AddDatasetFile(task.TrainingFile(AppContext.BaseDirectory));
    finetuning.TrainToAdapter(path, new DirectProgress<TrainingProgress>(
        p => Console.Error.Write(p.Stage == TrainingStage.Training ? $"\r{task.Name}: {p.Step}/{p.TotalSteps}  loss {p.Loss:F3} " : "")));
    Console.Error.WriteLine();
    return path;
}
