// Merges an adapter into its base model and compares the result with the live adapter.
//
//   dotnet run -c Release --project examples/05-Merge -- [BASE.gguf] [ADAPTER.gguf] [MERGED.gguf] [SCALE] [TYPE]
//
// Without arguments it takes the small model that ships, and trains the adapter for some seconds if there is none yet.
using System.Globalization;
using LoraBridge.Finetuning;
using LoraBridge.Model;

string Beside(string name) => Path.Combine(AppContext.BaseDirectory, name);
string Argument(int index, string fallback) => index < args.Length ? args[index] : fallback;

var (basePath, adapterPath) = (Argument(0, Beside("small-world.Q4_K_M.gguf")), Argument(1, Beside("captain.gguf")));
if (!File.Exists(adapterPath))
{
    using var model = new LM(basePath);
    using var finetuning = new LoraFinetuning(model) { Parameters = new LoraTrainingParameters { ContextLength = 256, MaxSteps = 20, LearningRate = 5e-3f } };
    finetuning.AddDatasetFile(Beside("persona.train.jsonl"));
    finetuning.TrainToAdapter(adapterPath);
}

var merger = new LoraMerger(basePath)
{
    Options = new MergeOptions
    {
        OutputType = Enum.Parse<MergeOutputType>(Argument(4, "Keep"), ignoreCase: true),
        Overwrite = true,
        Verify = true,
    },
};
merger.AddLoraAdapter(adapterPath, float.Parse(Argument(3, "1"), CultureInfo.InvariantCulture));

var progress = new Progress<MergeProgress>(state => Console.Error.Write($"\r{state.Stage} {state.Fraction:p0}   "));
var result = await merger.MergeAsync(Argument(2, Beside("merged.gguf")), progress);
Console.Error.WriteLine();

Console.WriteLine($"{result.MergedTensors} tensors merged, {result.CopiedTensors} copied, {result.OutputBytes / 1e6:f1} MB in {result.Duration.TotalSeconds:f1} s");
var worst = result.Tensors.MaxBy(tensor => tensor.QuantizationError)!;
Console.WriteLine($"largest rounding: {worst.Name}, {worst.QuantizationError:p2} in {worst.OutputType}, where the adapter changes {worst.RelativeChange:p2}");
Console.WriteLine(result.Verification);
