using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>Gradients of normalisation by rows.</summary>
/// <param name="supports">Whether a device can compute an operation.</param>
internal sealed class DeviceNorms(Func<TensorPtr, bool> supports)
{
    /// <summary>y = x / r, r = √(mean(x²) + ε): dx = (dy - y mean(dy ∘ y)) / r.</summary>
    public void RmsNorm(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, epsilon, builder) = (y.Source(0), y.FloatParam(0), pass.Builder);
        var contiguous = builder.Contiguous(x);
        var fused = builder.Record(Ggml.ggml_rms_norm_back(builder.Context, dy, contiguous, epsilon));
        pass.Add(x, supports(fused) ? fused : builder.Div(Residual(builder, y, dy, builder.Mean), RootMeanSquare(builder, contiguous, epsilon)));
    }

    /// <summary>y = (x - mean(x)) / r, r = √(variance(x) + ε): dx = (dy - mean(dy) - y mean(dy ∘ y)) / r.</summary>
    public static void Norm(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, builder) = (y.Source(0), pass.Builder);
        var contiguous = builder.Contiguous(x);
        var centred = builder.Sub(contiguous, builder.Mean(contiguous));
        var rest = builder.Sub(Residual(builder, y, dy, builder.Mean), builder.Mean(dy));
        pass.Add(x, builder.Div(rest, RootMeanSquare(builder, centred, y.FloatParam(0))));
    }

    /// <summary>y = x / r, r = max(‖x‖, ε): dx = (dy - y (dy·y)) / r, and dy / r where r is ε.</summary>
    public static void L2Norm(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, builder) = (y.Source(0), pass.Builder);
        var squares = builder.SumRows(builder.Record(Ggml.ggml_sqr(builder.Context, builder.Contiguous(x))));
        var length = builder.Record(Ggml.ggml_sqrt(builder.Context, squares));
        var varies = builder.Unary(builder.ScaleBias(length, 1, -y.FloatParam(0)), GgmlUnaryOp.Step);
        var rest = Residual(builder, y, dy, product => builder.Mul(builder.SumRows(product), varies));
        pass.Add(x, builder.Div(rest, builder.Clamp(length, y.FloatParam(0), float.MaxValue)));
    }

    private static TensorPtr RootMeanSquare(GraphBuilder builder, TensorPtr x, float epsilon)
    {
        var mean = builder.Mean(builder.Record(Ggml.ggml_sqr(builder.Context, x)));
        return builder.Record(Ggml.ggml_sqrt(builder.Context, builder.ScaleBias(mean, 1, epsilon)));
    }

    /// <summary>dy - y · (sum or mean of dy ∘ y).</summary>
    private static TensorPtr Residual(GraphBuilder builder, TensorPtr y, TensorPtr dy, Func<TensorPtr, TensorPtr> along) =>
        builder.Sub(dy, builder.Mul(y, along(builder.Mul(dy, y))));
}

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
