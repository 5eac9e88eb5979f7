using BenchmarkDotNet.Attributes;
using LoraBridge.Cli.Benchmarking;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Benchmarks;

/// <summary>Products of 256 tokens in balanced precision, one after the other, each with 1024 x 1024 weights of its own in Q4_0: 20 of them, 10.7 GFLOP.</summary>
public class ProductChainBenchmarks
{
    private const int Count = 20, Size = 1024, Tokens = 256;

    private readonly List<Product> _forward = [];
    private readonly List<Product> _gradients = [];
    private ProductSet _set = null!;

    /// <summary>Threads that share each product.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>Makes random weights and builds the graphs.</summary>
    [GlobalSetup]
    public void Build()
    {
        NativeRuntime.Initialize();
        _set = new ProductSet(Threads);
        var x = _set.Leaf(GgmlType.F32, new Shape(Size, Tokens), "x");
        List<TensorPtr> weights = [.. Enumerable.Range(0, Count).Select(index => _set.Leaf(GgmlType.Q4_0, new Shape(Size, Size), $"w{index}"))];
        _set.Allocate();
        x.Set<float>([.. Enumerable.Range(0, Size * Tokens).Select(index => MathF.Sin(index))]);
        var random = new SeededRandom(1);
        foreach (var weight in weights)
            weight.Set<byte>(RandomBlocks.Make(GgmlType.Q4_0, Size * Size / (int)GgmlTypeTraits.BlockSize(GgmlType.Q4_0), 1, random));
        var precision = LinearPrecision.Of(TrainingPrecision.Balanced);
        foreach (var weight in weights)
        {
            _forward.Add(_set.Add(builder => Linear.Emit(builder, precision, weight, x)));
            _gradients.Add(_set.Add(builder => Product.Gradient(builder, Linear.Emit(builder, precision, weight, x), x, x)));
        }
    }

    /// <summary>Frees everything.</summary>
    [GlobalCleanup]
    public void Free()
    {
        _set.Dispose();
        _forward.Clear();
        _gradients.Clear();
    }

    /// <summary>y = W x.</summary>
    [Benchmark]
    public void Forward() => _forward.ForEach(product => product.Compute());

    /// <summary>dx = Wᵀ dy.</summary>
    [Benchmark]
    public void Gradient() => _gradients.ForEach(product => product.Compute());
}
