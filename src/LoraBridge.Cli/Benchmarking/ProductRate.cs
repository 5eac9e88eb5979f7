using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>How fast an engine computes single products.</summary>
internal static class ProductRate
{
    /// <summary>W is [Width, Width].</summary>
    private const int Width = 2048, Tokens = 512, Repetitions = 3;

    /// <summary>What is done sooner does not fill a device.</summary>
    private const double ShortSeconds = 1e-3;

    /// <summary>The fastest of ggml's products y = W x of F32, BF16 and Q8_0 weights [2048, 2048] and 512 tokens, or of so large ones that they take a while.</summary>
    /// <returns>Operations per second.</returns>
    public static (double Rate, string Type) Peak(ComputeEngine engine) =>
        new[] { GgmlType.F32, GgmlType.BF16, GgmlType.Q8_0 }
            .Select(type => (Forward(engine, type), type.ToString()))
            .Max();

    /// <summary>ggml's gradient dx = Wᵀ dy as its own differentiation computes it, of a weight that is there.</summary>
    /// <param name="engine">Where to compute.</param>
    /// <param name="weight">W [K, M].</param>
    /// <param name="tokens">Columns of dy; the time by token does not depend on them.</param>
    public static double OutProd(ComputeEngine engine, TensorPtr weight, int tokens) =>
        Measure(engine, new Shape(tokens, weight.Ne(1)), (builder, dy) => builder.OutProd(weight, dy), 2.0 * weight.ElementCount * tokens);

    private static double Forward(ComputeEngine engine, GgmlType type)
    {
        var rate = Forward(engine, type, Width, Tokens);
        return Operations(Width, Tokens) / rate < ShortSeconds ? Forward(engine, type, 2 * Width, 8 * Tokens) : rate;
    }

    private static double Forward(ComputeEngine engine, GgmlType type, int width, int tokens)
    {
        using var leaves = new GraphBuilder(4);
        var weight = leaves.Leaf(type, new Shape(width, width), "w");
        using var memory = Allocate(engine, leaves);
        var bytes = new byte[weight.ByteCount];
        GgmlQuantizer.Quantize(type, Random(width * width), bytes, width);
        weight.Set<byte>(bytes);
        return Measure(engine, new Shape(width, tokens), (builder, x) => builder.MulMat(weight, x), Operations(width, tokens));
    }

    private static double Measure(ComputeEngine engine, Shape shape, Func<GraphBuilder, TensorPtr, TensorPtr> product, double operations)
    {
        using var leaves = new GraphBuilder(4);
        var argument = leaves.Leaf(GgmlType.F32, shape, "x");
        using var memory = Allocate(engine, leaves);
        argument.Set<float>(Random((int)shape.Count));
        using var builder = new GraphBuilder(16);
        var graph = new ComputeGraph(builder, engine);
        graph.Schedule(product(builder, argument));
        using var allocator = engine.CreateAllocator();
        graph.Allocate(allocator);
        return operations / graph.LeastSeconds(Repetitions);
    }

    private static BufferHandle Allocate(ComputeEngine engine, GraphBuilder leaves) =>
        engine is DeviceEngine device ? device.AllocateOnDevice(leaves) : engine.Allocate(leaves);

    private static double Operations(int width, int tokens) => 2.0 * width * width * tokens;

    private static float[] Random(int count)
    {
        var random = new SeededRandom(0);
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = random.NextSingle() - 0.5f;
        return values;
    }
}
