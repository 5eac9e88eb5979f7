using LoraBridge.Formats;
using BenchmarkDotNet.Attributes;
using LoraBridge.Finetuning;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;

namespace LoraBridge.Benchmarks;

/// <summary>
/// A weight [2048, 2048] times 512 tokens, 4.3 GFLOP: forward, and the gradient with respect to the input, ggml's and ours in both precisions.
/// </summary>
public class ProductBenchmarks
{
    private const int Size = 2048;
    private const int Tokens = 512;

    private ProductSet _set = null!;
    private Product _forward = null!;
    private Product _forwardFixedPoint = null!;
    private Product _gradient = null!;
    private Product _gradientFixedPoint = null!;
    private Product _outerProduct = null!;

    /// <summary>The type of the weight, a name of <c>ggml_type</c>.</summary>
    [Params(nameof(GgmlType.F32), nameof(GgmlType.Q8_0), nameof(GgmlType.Q6_K), nameof(GgmlType.Q4_K), nameof(GgmlType.Q4_0))]
    public string Weight { get; set; } = "";

    /// <summary>Fills a random weight and builds the three graphs.</summary>
    [GlobalSetup]
    public void Build()
    {
        NativeRuntime.Initialize();
        _set = new ProductSet();
        var type = Enum.Parse<GgmlType>(Weight);
        var weight = _set.Leaf(type, new Shape(Size, Size), "w");
        var input = _set.Leaf(GgmlType.F32, new Shape(Size, Tokens), "x");
        var gradient = _set.Leaf(GgmlType.F32, new Shape(Size, Tokens), "dy");
        _set.Allocate();
        var random = new Random(1);
        var values = Uniform(Size * Size);
        var stored = new byte[GgmlTypeTraits.RowSize(type, Size) * Size];
        GgmlQuantizer.Quantize(type, values, stored, Size);
        weight.Set<byte>(stored);
        input.Set<float>(Uniform(Size * Tokens));
        gradient.Set<float>(Uniform(Size * Tokens));

        _forward = _set.Add(builder => builder.MulMat(weight, input));
        _forwardFixedPoint = _set.Add(FixedPoint);
        _gradient = _set.Add(builder => Gradient(builder, builder.MulMat(weight, input)));
        _gradientFixedPoint = _set.Add(builder => Gradient(builder, FixedPoint(builder)));
        _outerProduct = _set.Add(builder => builder.Record(Ggml.ggml_out_prod(builder.Context, weight, builder.Transpose(gradient))));

        TensorPtr FixedPoint(GraphBuilder builder) => Linear.Emit(builder, LinearPrecision.Of(TrainingPrecision.Balanced), weight, input);

        TensorPtr Gradient(GraphBuilder builder, TensorPtr y) => Product.Gradient(builder, y, input, gradient);

        float[] Uniform(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }

    /// <summary>Frees everything.</summary>
    [GlobalCleanup]
    public void Free() => _set.Dispose();

    /// <summary>y = W x by ggml.</summary>
    [Benchmark]
    public void Forward() => _forward.Compute();

    /// <summary>y = W x in integers of 12 bits, as balanced precision has it.</summary>
    [Benchmark]
    public void ForwardFixedPoint() => _forwardFixedPoint.Compute();

    /// <summary>dx = Wᵀ dy in F32, as exact precision has it.</summary>
    [Benchmark]
    public void InputGradient() => _gradient.Compute();

    /// <summary>dx = Wᵀ dy in integers of 12 bits, as balanced precision has it.</summary>
    [Benchmark(Baseline = true)]
    public void InputGradientFixedPoint() => _gradientFixedPoint.Compute();

    /// <summary>dx = Wᵀ dy by OUT_PROD, as ggml's own autodiff does.</summary>
    [Benchmark]
    public void InputGradientByOutProd() => _outerProduct.Compute();
}
