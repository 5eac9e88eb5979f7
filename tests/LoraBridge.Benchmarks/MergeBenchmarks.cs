using BenchmarkDotNet.Attributes;
using LoraBridge.Finetuning;

namespace LoraBridge.Benchmarks;

/// <summary>Merging an adapter of rank 8 into all linear layers of a Q4_0 model.</summary>
public class MergeBenchmarks
{
    /// <summary>The type of the merged tensors.</summary>
    [Params(MergeOutputType.Keep, MergeOutputType.F16)]
    public MergeOutputType Type { get; set; }

    /// <summary>From the files to the renamed file.</summary>
    [Benchmark]
    public long Merge()
    {
        var merger = new LoraMerger(BenchmarkModels.Model) { Options = new MergeOptions { OutputType = Type, Overwrite = true } };
        merger.AddLoraAdapter(BenchmarkModels.Adapter);
        return merger.Merge(BenchmarkModels.PathOf("merged.gguf")).OutputBytes;
    }
}
