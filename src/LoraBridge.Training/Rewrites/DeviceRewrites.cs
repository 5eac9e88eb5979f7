using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Device;

namespace LoraBridge.Training.Rewrites;

/// <summary>Emits recorded attention as <see cref="DeviceAttention"/>.</summary>
/// <param name="products">Products.</param>
/// <param name="softMax">The gradient of softmax.</param>
/// <param name="supports">Whether a device can compute an operation, and attention may be one; null where it may not: that rounds to 16 bits.</param>
internal sealed class DeviceAttentionRewrite(DeviceProducts products, DeviceSoftMax softMax, Func<TensorPtr, bool>? supports)
{
    private const int Mask = 3, Sinks = 4;

    public TensorPtr TryEmit(NodeToEmit place)
    {
        var (node, sources) = (place.Node, place.Sources);
        if (node.Op != GgmlOp.FlashAttnExt)
            return default;
        var (mask, sinks) = (sources.ElementAtOrDefault(Mask), sources.ElementAtOrDefault(Sinks));
        var options = new AttentionShape(node.FloatParam(0), node.FloatParam(1), node.FloatParam(2))
        {
            IsCausal = node.Sources.ElementAtOrDefault(Mask)?.Mask is { IsCausal: true },
        };
        var fused = supports is null ? default : place.Builder.Copy(place.Form, sources, default);
        return DeviceAttention.Emit(
            place.Builder, products, softMax, options, sources[0], sources[1], sources[2], mask, sinks,
            !fused.IsNull && supports!(fused) ? fused : default);
    }
}

/// <summary>
/// Emits s (B z) as B (s z), where z is the shorter one: llama.cpp multiplies what an adapter adds by its scale, and z has its rank only.
/// </summary>
internal sealed class ScaledProductRewrite
{
    private const int Bias = 1;

    public TensorPtr TryEmit(NodeToEmit place)
    {
        var (builder, node) = (place.Builder, place.Node);
        if (node.Op != GgmlOp.Scale || node.FloatParam(Bias) != 0 || place.Sources[0] is not { Op: GgmlOp.MulMat } product)
            return default;
        var (matrix, z) = (product.Source(0), product.Source(1));
        if (z.Ne(0) >= product.Ne(0))
            return default;
        var scaled = builder.MulMat(matrix, builder.Scale(z, node.FloatParam(0)));
        product.OpParams.CopyTo(scaled.OpParams);
        return scaled;
    }
}

/// <summary>Emits products with some quantised weights as <see cref="DeviceProducts.ProductAsBF16"/>.</summary>
/// <param name="products">Products.</param>
/// <param name="weights">The weights.</param>
internal sealed class BF16ProductRewrite(DeviceProducts products, IReadOnlySet<TensorPtr> weights)
{
    public TensorPtr TryEmit(NodeToEmit place) =>
        place.Node.Op == GgmlOp.MulMat && place.Sources is [var weight, { IsFloat: true } x] && weights.Contains(weight)
            ? products.ProductAsBF16(place.Builder, weight, x)
            : default;
}

/// <summary>Emits products with weights in 32-bit floats, whatever their type.</summary>
/// <param name="products">Makes weights F32.</param>
internal sealed class ExactProductRewrite(DeviceProducts products)
{
    public TensorPtr TryEmit(NodeToEmit place)
    {
        var (builder, node, sources) = (place.Builder, place.Node, place.Sources);
        if (node.Op is not (GgmlOp.MulMat or GgmlOp.MulMatId) || !node.Sources[0]!.IsWeight || !sources[1].IsFloat)
            return default;
        var weight = products.Single(builder, sources[0]);
        return node.Op == GgmlOp.MulMat
            ? builder.MulMatExact(weight, sources[1])
            : builder.Record(Ggml.ggml_mul_mat_id(builder.Context, weight, sources[1], sources[2]));
    }
}
