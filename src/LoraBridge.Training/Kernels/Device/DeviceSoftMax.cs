using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>The gradient of y = softmax(s x + mask) over rows: dx = s (dy - (y·dy)) ∘ y, whatever mask, slopes and sinks add.</summary>
/// <param name="supports">Whether a device can compute an operation.</param>
internal sealed class DeviceSoftMax(Func<TensorPtr, bool> supports)
{
    private const int Sinks = 2;

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        if (pass.Needs(y.Source(Sinks)))
            GradientRules.For(y)(pass, y, dy);
        else
            pass.Add(y.Source(0), InputGradient(pass.Builder, y, dy, y.FloatParam(0)));
    }

    /// <summary>dx, for y with the scale s.</summary>
    public TensorPtr InputGradient(GraphBuilder builder, TensorPtr y, TensorPtr dy, float scale)
    {
        var fused = builder.Record(Ggml.ggml_soft_max_ext_back(builder.Context, dy, y, scale, max_bias: 0));
        if (supports(fused))
            return fused;
        var along = builder.SumRows(builder.Mul(dy, y));
        return builder.Scale(builder.Mul(y, builder.Sub(dy, along)), scale);
    }
}
