using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Device;

namespace LoraBridge.Training.Rewrites;

/// <summary>Emits recorded attention as <see cref="DeviceAttention"/>.</summary>
/// <param name="softMax">The gradient of softmax.</param>
internal sealed class DeviceAttentionRewrite(DeviceSoftMax softMax) : IRewrite
{
    public TensorPtr TryEmit(NodeToEmit place)
    {
        var (node, sources) = (place.Node, place.Sources);
        if (node.Op != GgmlOp.FlashAttnExt)
            return default;
        var (mask, sinks) = (sources.Length > 3 ? sources[3] : default, sources.Length > 4 ? sources[4] : default);
        var options = new AttentionShape(node.FloatParam(0), node.FloatParam(1), node.FloatParam(2));
        return DeviceAttention.Emit(place.Builder, softMax, options, sources[0], sources[1], sources[2], mask, sinks);
    }
}

/// <summary>Emits products with weights in 32-bit floats, whatever their type.</summary>
/// <param name="products">Makes weights F32.</param>
internal sealed class ExactProductRewrite(DeviceProducts products) : IRewrite
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
