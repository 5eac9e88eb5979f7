using System.Collections.Concurrent;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>
/// Which of two ways a device computes y = W x faster for quantised weights: as ggml does for inference, where x is rounded to 8 bits, or with W as BF16.
/// Processors for data centres multiply numbers of 16 bits faster than ggml multiplies those of 8; others do not.
/// </summary>
/// <param name="engine">The device.</param>
/// <param name="products">Makes weights F32.</param>
/// <param name="isKept">Whether weights in BF16 are kept, instead of being made anew each time.</param>
internal sealed class ForwardProducts(DeviceEngine engine, DeviceProducts products, bool isKept)
{
    /// <summary>With fewer tokens the time to make W is not made up for.</summary>
    private const int FewestTokens = 256;

    /// <summary>How much faster BF16 must be: what decides numbers should not change from run to run.</summary>
    private const double Margin = 1.1;

    private const int Repetitions = 5;

    private static readonly ConcurrentDictionary<(string Device, GgmlType Type, bool IsKept), bool> s_known = new();

    /// <summary>Weights that are multiplied as BF16, with so many tokens.</summary>
    /// <param name="weights">Weights on the device.</param>
    /// <param name="tokens">T.</param>
    /// <param name="types">The types of which they are; null for those that are faster so.</param>
    public IReadOnlySet<TensorPtr> AsBF16(IEnumerable<TensorPtr> weights, int tokens, IReadOnlySet<GgmlType>? types)
    {
        return weights.Where(DeviceProducts.IsMadeAtOnce).GroupBy(weight => weight.Type).Where(IsTaken).SelectMany(group => group).ToHashSet();

        bool IsTaken(IGrouping<GgmlType, TensorPtr> group) => types?.Contains(group.Key)
            ?? (tokens >= FewestTokens && engine.MeasuresProducts
                && s_known.GetOrAdd((engine.Names[0], group.Key, isKept), _ => IsFasterAsBF16(group.MaxBy(weight => weight.ElementCount), tokens)));
    }

    private bool IsFasterAsBF16(TensorPtr weight, int tokens)
    {
        using var leaves = new GraphBuilder(1);
        var x = leaves.Leaf(GgmlType.F32, new Shape(weight.Ne(0), tokens), "x");
        try
        {
            using var memory = engine.AllocateOnDevice(leaves);
            var asStored = Seconds(builder => builder.MulMat(weight, x));
            if (!isKept)
                return Margin * Seconds(builder => products.ProductAsBF16(builder, weight, x)) < asStored;
            using var copy = new KeptWeights(engine, [weight], isTransposed: _ => false);
            copy.Fill(products);
            return Margin * Seconds(builder => builder.MulMatExact(copy.PlainOf(weight), x)) < asStored;
        }
        catch (NativeException)
        {
            // There is no memory to try it; less is needed as it is.
            return false;
        }
    }

    private double Seconds(Func<GraphBuilder, TensorPtr> product)
    {
        const int Tensors = 16;
        using var builder = new GraphBuilder(Tensors);
        var graph = new ComputeGraph(builder, engine);
        graph.Schedule(product(builder));
        return graph.LeastSeconds(Repetitions);
    }
}
