using BenchmarkDotNet.Attributes;
using LoraBridge.Cli.Benchmarking;
using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Benchmarks;

/// <summary>Weights of 2^18 elements to F32, on one thread: random blocks, by vectors and by ggml.</summary>
public class ConversionBenchmarks
{
    private const int Elements = 1 << 18;

    private readonly float[] _numbers = new float[Elements];
    private GgmlType _type;
    private byte[] _blocks = [];

    /// <summary>The type of the weights, a name of <c>ggml_type</c>.</summary>
    [Params(
        nameof(GgmlType.Q4_0), nameof(GgmlType.Q4_K), nameof(GgmlType.Q6_K), nameof(GgmlType.IQ2_XXS),
        nameof(GgmlType.IQ2_S), nameof(GgmlType.IQ3_XXS), nameof(GgmlType.IQ3_S), nameof(GgmlType.IQ1_S))]
    public string Weight { get; set; } = "";

    /// <summary>Makes the blocks.</summary>
    [GlobalSetup]
    public void Make()
    {
        NativeRuntime.Initialize();
        _type = Enum.Parse<GgmlType>(Weight);
        _blocks = RandomBlocks.Make(_type, Elements / (int)GgmlTypeTraits.BlockSize(_type), 1, new SeededRandom(1));
    }

    /// <summary>As training does it.</summary>
    [Benchmark]
    public void ByVectors() => Dequantizer.Convert(_type, _blocks, _numbers);

    /// <summary>As ggml does it.</summary>
    [Benchmark(Baseline = true)]
    public void ByGgml() => GgmlTypeTraits.Dequantize(_type, _blocks, _numbers);
}
