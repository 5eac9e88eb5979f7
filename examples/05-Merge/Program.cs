// Merges an adapter into its base model and compares the result with the live adapter.
//
//   dotnet run -c Release --project examples/05-Merge -- BASE.gguf ADAPTER.gguf MERGED.gguf [SCALE] [TYPE]
//
// Without arguments it takes base.gguf and adapter.gguf of the current folder and writes merged.gguf.
using System.Globalization;
using LoraBridge.Finetuning;

string Argument(int index, string fallback) => index < args.Length ? args[index] : fallback;

var merger = new LoraMerger(Argument(0, "base.gguf"))
{
    Options = new MergeOptions
    {
        OutputType = Enum.Parse<MergeOutputType>(Argument(4, "Keep"), ignoreCase: true),
        Overwrite = true,
        Verify = true,
    },
};
merger.AddLoraAdapter(Argument(1, "adapter.gguf"), float.Parse(Argument(3, "1"), CultureInfo.InvariantCulture));

var progress = new Progress<MergeProgress>(state => Console.Error.Write($"\r{state.Stage} {state.Fraction:p0}   "));
var result = await merger.MergeAsync(Argument(2, "merged.gguf"), progress);
Console.Error.WriteLine();

Console.WriteLine($"{result.MergedTensors} tensors merged, {result.CopiedTensors} copied, {result.OutputBytes / 1e6:f1} MB in {result.Duration.TotalSeconds:f1} s");
var worst = result.Tensors.MaxBy(tensor => tensor.QuantizationError)!;
Console.WriteLine($"largest rounding: {worst.Name}, {worst.QuantizationError:p2} in {worst.OutputType}, where the adapter changes {worst.RelativeChange:p2}");
Console.WriteLine(result.Verification);
