using BenchmarkDotNet.Attributes;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Benchmarks;

/// <summary>64 experts of 1024 x 768 in Q4_0, 8 for each token, in balanced precision, and one matrix with as many products.</summary>
public class ExpertBenchmarks
{
    private const int Experts = 64, Used = 8, Inputs = 1024, Outputs = 768;

    private readonly List<Product> _products = [];
    private ProductSet _set = null!;

    /// <summary>Tokens of a row.</summary>
    [Params(256, 512)]
    public int Tokens { get; set; }

    /// <summary>Fills random weights and builds the graphs.</summary>
    [GlobalSetup]
    public void Build()
    {
        NativeRuntime.Initialize();
        var random = new Random(1);
        _set = new ProductSet();
        var (experts, matrix) = (_set.Leaf(GgmlType.Q4_0, new Shape(Inputs, Outputs, Experts), "experts"), _set.Leaf(GgmlType.Q4_0, new Shape(Inputs, Outputs), "matrix"));
        var (x, rows) = (_set.Leaf(GgmlType.F32, new Shape(Inputs, Used, Tokens), "x"), _set.Leaf(GgmlType.F32, new Shape(Inputs, Used * Tokens), "rows"));
        var (dy, drows) = (_set.Leaf(GgmlType.F32, new Shape(Outputs, Used, Tokens), "dy"), _set.Leaf(GgmlType.F32, new Shape(Outputs, Used * Tokens), "drows"));
        var ids = _set.Leaf(GgmlType.I32, new Shape(Used, Tokens), "ids");
        _set.Allocate();
        foreach (var weight in new[] { experts, matrix })
        {
            var stored = new byte[weight.ByteCount];
            GgmlQuantizer.Quantize(GgmlType.Q4_0, Uniform(weight.ElementCount), stored, Inputs);
            weight.Set<byte>(stored);
        }
        foreach (var numbers in new[] { x, rows, dy, drows })
            numbers.Set<float>(Uniform(numbers.ElementCount));
        ids.Set<int>([.. Enumerable.Range(0, Tokens).SelectMany(_ => Enumerable.Range(0, Experts).OrderBy(_ => random.Next()).Take(Used))]);

        var precision = LinearPrecision.Of(TrainingPrecision.Balanced);
        _products.Add(_set.Add(builder => Linear.Emit(builder, precision, matrix, rows)));
        _products.Add(_set.Add(builder => Linear.Emit(builder, precision, experts, x, ids)));
        _products.Add(_set.Add(builder => Product.Gradient(builder, Linear.Emit(builder, precision, matrix, rows), rows, drows)));
        _products.Add(_set.Add(builder => Product.Gradient(builder, Linear.Emit(builder, precision, experts, x, ids), x, dy)));

        float[] Uniform(long count) => [.. Enumerable.Range(0, (int)count).Select(_ => random.NextSingle() - 0.5f)];
    }

    /// <summary>Frees everything.</summary>
    [GlobalCleanup]
    public void Free()
    {
        _set.Dispose();
        _products.Clear();
    }

    /// <summary>y = W x.</summary>
    [Benchmark(Baseline = true)]
    public void OneMatrix() => _products[0].Compute();

    /// <summary>y = W x with each token's experts.</summary>
    [Benchmark]
    public void ExpertsForward() => _products[1].Compute();

    /// <summary>dx = Wᵀ dy.</summary>
    [Benchmark]
    public void OneMatrixGradient() => _products[2].Compute();

    /// <summary>dx = Wᵀ dy with each token's experts.</summary>
    [Benchmark]
    public void ExpertsGradient() => _products[3].Compute();
}
