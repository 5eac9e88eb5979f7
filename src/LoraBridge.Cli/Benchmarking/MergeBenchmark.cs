using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Model;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>Measures merging an adapter into a model file.</summary>
public static class MergeBenchmark
{
    /// <summary>Merges an adapter several times into a temporary folder.</summary>
    /// <param name="basePath">GGUF model.</param>
    /// <param name="options">What to measure; null takes the defaults.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellationToken">Stops a merge.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is not positive.</exception>
    /// <exception cref="ArgumentException">The targets name nothing in this model that can be adapted.</exception>
    /// <exception cref="FileNotFoundException">There is no such model.</exception>
    /// <exception cref="InvalidDataException">The file is not a model.</exception>
    /// <exception cref="IOException">The disk for temporary files has too little space.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static MergeBenchmarkResult Run(
        string basePath, MergeBenchmarkOptions? options = null, IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        options ??= new MergeBenchmarkOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Repetitions, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Rank, 1, nameof(options));
        using var files = ModelLoader.Open(basePath);
        using var folder = new ScratchFolder();
        var adapter = folder["adapter.gguf"];
        var blueprint = BenchmarkAdapter.Write(adapter, files, options.Rank, options.TargetModules);
        var merger = new LoraMerger(basePath)
        {
            Options = new MergeOptions { OutputType = options.OutputType, Overwrite = true, Threads = options.Threads },
        };
        merger.AddLoraAdapter(adapter);

        var results = new List<MergeResult>();
        // The first merge compiles code and reads the base from the disk, and does not count.
        for (var i = 0; i <= options.Repetitions; i++)
        {
            progress?.Report(i == 0 ? "warming up" : $"merging, {i} of {options.Repetitions}");
            results.Add(merger.Merge(folder["merged.gguf"], cancellationToken: cancellationToken));
        }
        var peakMemory = BenchmarkProcess.PeakMemory();

        progress?.Report("measuring products");
        using var engine = new ComputeEngine(options.Threads);
        return new MergeBenchmarkResult(
            BenchmarkProcess.Median(results.Skip(1).Select(result => result.Duration.TotalSeconds)), results[0].MergedTensors,
            files.Files.Sum(file => file.Length), results[0].OutputBytes, peakMemory)
        {
            Flops = blueprint.Targets.Sum(target => 2.0 * target.Rank * files.Find(target.Weight)!.Info.ElementCount),
            PeakGemmGflops = ProductRate.Peak(engine).Rate / 1e9,
        };
    }
}
