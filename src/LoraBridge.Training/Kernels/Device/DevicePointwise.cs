using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>Gradients of functions of single elements that are operations of their own.</summary>
internal static class DevicePointwise
{
    /// <summary>y = min(max(x, low), high): dx = dy between them, 0 elsewhere.</summary>
    public static void Clamp(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        var x = builder.Contiguous(y.Source(0));
        var (low, high) = (y.FloatParam(0), y.FloatParam(1));
        var above = builder.Unary(builder.ScaleBias(x, 1, -low), GgmlUnaryOp.Step);
        var below = builder.Unary(builder.ScaleBias(x, -1, high), GgmlUnaryOp.Step);
        pass.Add(y.Source(0), builder.Mul(dy, builder.Mul(above, below)));
    }

    /// <summary>y = x for x &gt; 0, s x elsewhere: dx = dy there, s dy elsewhere.</summary>
    public static void LeakyRelu(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        var negative = y.FloatParam(0);
        var positive = builder.Unary(y.Source(0), GgmlUnaryOp.Step);
        pass.Add(y.Source(0), builder.Mul(dy, builder.ScaleBias(positive, 1 - negative, negative)));
    }

    /// <summary>y = sin x: dx = dy ∘ cos x.</summary>
    public static void Sin(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        pass.Add(y.Source(0), builder.Mul(dy, builder.Record(Ggml.ggml_cos(builder.Context, builder.Contiguous(y.Source(0))))));
    }

    /// <summary>y = cos x: dx = -dy ∘ sin x.</summary>
    public static void Cos(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        var sine = builder.Record(Ggml.ggml_sin(builder.Context, builder.Contiguous(y.Source(0))));
        pass.Add(y.Source(0), builder.Scale(builder.Mul(dy, sine), -1));
    }
}
