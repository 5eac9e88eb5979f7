using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>Gradients of functions of single elements, and of gated units made with them: dx = dy ∘ f′(x). See <see cref="Cpu.Activations"/> for the functions.</summary>
internal static class DeviceFunctions
{
    private const float GeluCubic = 0.044715f;
    private const float SqrtTwoOverPi = 0.7978845608f;
    private const float QuickFactor = 1.702f;

    /// <summary>Whether the slope of the function can be made of ggml's operations.</summary>
    public static bool TakesUnary(TensorPtr y) => (GgmlUnaryOp)y.OpParams[0] is
        GgmlUnaryOp.Abs or GgmlUnaryOp.Neg or GgmlUnaryOp.Tanh or GgmlUnaryOp.Elu or GgmlUnaryOp.Relu or GgmlUnaryOp.Sigmoid or GgmlUnaryOp.Gelu
        or GgmlUnaryOp.GeluQuick or GgmlUnaryOp.Silu or GgmlUnaryOp.Hardsigmoid or GgmlUnaryOp.Hardswish or GgmlUnaryOp.Exp or GgmlUnaryOp.Expm1
        or GgmlUnaryOp.Softplus;

    /// <inheritdoc cref="TakesUnary"/>
    public static bool TakesGlu(TensorPtr y) => (GgmlGluOp)y.OpParams[0] is not GgmlGluOp.GegluErf;

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

    public static void Unary(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (builder, function) = (pass.Builder, (GgmlUnaryOp)y.OpParams[0]);
        var x = builder.Contiguous(y.Source(0));
        pass.Add(y.Source(0), Gradient(builder, function, dy, x));
    }

    /// <summary>
    /// y = f(x) ∘ (g + shift): dx = dy ∘ (g + shift) ∘ f′(x), dg = dy ∘ f(x), both 0 where a limit cuts x or g. x and g are two tensors, or the halves of
    /// one's rows.
    /// </summary>
    public static void Glu(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (builder, function) = (pass.Builder, (GgmlGluOp)y.OpParams[0]);
        var (alpha, limit) = (y.FloatParam(2), y.FloatParam(3));
        var halves = y.Source(1).IsNull;
        var isSwapped = halves && y.OpParams[1] != 0;
        var (x, g) = halves
            ? (Half(builder, y.Source(0), isSwapped), Half(builder, y.Source(0), !isSwapped))
            : (builder.Contiguous(y.Source(0)), builder.Contiguous(y.Source(1)));

        TensorPtr insideX = default, insideG = default;
        if (function is GgmlGluOp.SwigluOai or GgmlGluOp.SwigluClamp)
        {
            insideX = builder.Unary(builder.ScaleBias(x, -1, limit), GgmlUnaryOp.Step);
            insideG = builder.Unary(builder.ScaleBias(builder.Unary(g, GgmlUnaryOp.Abs), -1, limit), GgmlUnaryOp.Step);
            (x, g) = (builder.Clamp(x, float.MinValue, limit), builder.Clamp(g, -limit, limit));
        }
        var gate = function == GgmlGluOp.SwigluOai ? builder.ScaleBias(g, 1, 1) : g;
        var dz = builder.Mul(dy, gate);
        var (value, gradient) = function == GgmlGluOp.SwigluOai
            ? (builder.Mul(x, builder.Unary(builder.Scale(x, alpha), GgmlUnaryOp.Sigmoid)), builder.Mul(dz, ScaledSiluSlope(builder, x, alpha)))
            : (builder.Unary(x, Activation(function)), Gradient(builder, Activation(function), dz, x));
        var dx = Cut(gradient, insideX);
        var dg = Cut(builder.Mul(dy, value), insideG);
        if (halves)
        {
            pass.Add(y.Source(0), isSwapped ? builder.Concat(dg, dx, 0) : builder.Concat(dx, dg, 0));
            return;
        }
        pass.Add(y.Source(0), dx);
        pass.Add(y.Source(1), dg);

        TensorPtr Cut(TensorPtr gradient, TensorPtr inside) => inside.IsNull ? gradient : builder.Mul(gradient, inside);
    }

    private static TensorPtr Half(GraphBuilder builder, TensorPtr both, bool isSecond)
    {
        var width = both.Ne(0) / 2;
        return builder.Contiguous(
            builder.View(both, both.Shape with { Ne0 = width }, isSecond ? width * sizeof(float) : 0));
    }

    /// <summary>The activation of a gated unit whose f has no parameters.</summary>
    private static GgmlUnaryOp Activation(GgmlGluOp function) => function switch
    {
        GgmlGluOp.Reglu => GgmlUnaryOp.Relu,
        GgmlGluOp.Geglu => GgmlUnaryOp.Gelu,
        GgmlGluOp.GegluQuick => GgmlUnaryOp.GeluQuick,
        _ => GgmlUnaryOp.Silu,
    };

    /// <summary>dy ∘ f′(x).</summary>
    private static TensorPtr Gradient(GraphBuilder builder, GgmlUnaryOp function, TensorPtr dy, TensorPtr x) => function == GgmlUnaryOp.Silu
        ? builder.Record(Ggml.ggml_silu_back(builder.Context, dy, x))
        : builder.Mul(dy, Slope(builder, function, x));

    private static TensorPtr Slope(GraphBuilder builder, GgmlUnaryOp function, TensorPtr x)
    {
        switch (function)
        {
            case GgmlUnaryOp.Neg:
                return builder.ScaleBias(x, 0, -1);
            case GgmlUnaryOp.Abs:
                return builder.Unary(x, GgmlUnaryOp.Sgn);
            case GgmlUnaryOp.Relu:
                return builder.Unary(x, GgmlUnaryOp.Step);
            case GgmlUnaryOp.Softplus:
                return builder.Unary(x, GgmlUnaryOp.Sigmoid);
            case GgmlUnaryOp.Exp or GgmlUnaryOp.Expm1:
                return builder.Unary(x, GgmlUnaryOp.Exp);
            case GgmlUnaryOp.Elu:
                // exp(min(x, 0)), which is 1 for what is positive.
                return builder.Unary(builder.Scale(builder.Unary(builder.Scale(x, -1), GgmlUnaryOp.Relu), -1), GgmlUnaryOp.Exp);
            case GgmlUnaryOp.Sigmoid:
                var sigmoid = builder.Unary(x, GgmlUnaryOp.Sigmoid);
                return builder.Mul(sigmoid, OneMinus(sigmoid));
            case GgmlUnaryOp.Tanh:
                return OneMinus(Square(builder.Unary(x, GgmlUnaryOp.Tanh)));
            case GgmlUnaryOp.Hardsigmoid:
                return builder.Scale(Within(3), 1f / 6);
            case GgmlUnaryOp.Hardswish:
                var beyond = builder.Unary(builder.ScaleBias(x, 1, -3), GgmlUnaryOp.Step);
                return builder.Add(beyond, builder.Mul(Within(3), builder.ScaleBias(x, 1f / 3, 0.5f)));
            case GgmlUnaryOp.GeluQuick:
                return ScaledSiluSlope(builder, x, QuickFactor);
            case GgmlUnaryOp.Gelu:
                // (1 + t) / 2 + x (1 - t²) u′ / 2, with t = tanh(u), u = √(2/π) (x + 0.044715 x³).
                var square = Square(x);
                var u = builder.Mul(x, builder.ScaleBias(square, SqrtTwoOverPi * GeluCubic, SqrtTwoOverPi));
                var t = builder.Unary(u, GgmlUnaryOp.Tanh);
                var inner = builder.ScaleBias(square, 1.5f * SqrtTwoOverPi * GeluCubic, 0.5f * SqrtTwoOverPi);
                return builder.Add(builder.ScaleBias(t, 0.5f, 0.5f), builder.Mul(builder.Mul(x, inner), OneMinus(Square(t))));
            default:
                throw new NotSupportedException($"The slope of {function} is not made of ggml's operations.");
        }

        TensorPtr OneMinus(TensorPtr a) => builder.ScaleBias(a, -1, 1);

        TensorPtr Square(TensorPtr a) => builder.Record(Ggml.ggml_sqr(builder.Context, a));

        TensorPtr Within(float limit) => builder.Unary(builder.ScaleBias(builder.Unary(x, GgmlUnaryOp.Abs), -1, limit), GgmlUnaryOp.Step);
    }

    /// <summary>The slope of x σ(k x): σ + k x σ (1 - σ).</summary>
    private static TensorPtr ScaledSiluSlope(GraphBuilder builder, TensorPtr x, float k)
    {
        var sigmoid = builder.Unary(builder.Scale(x, k), GgmlUnaryOp.Sigmoid);
        var rest = builder.ScaleBias(sigmoid, -k, k);
        return builder.Add(sigmoid, builder.Mul(builder.Mul(x, sigmoid), rest));
    }
}
