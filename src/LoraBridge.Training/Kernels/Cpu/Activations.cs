using System.Numerics.Tensors;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Evaluates a function, or its derivative, at each x.</summary>
internal delegate void Pointwise(ReadOnlySpan<float> x, Span<float> result);

/// <summary>Evaluates a function and its derivative at each x.</summary>
internal delegate void PointwisePair(ReadOnlySpan<float> x, Span<float> value, Span<float> slope);

/// <summary>A function of one variable and its derivative.</summary>
internal sealed record Activation(Pointwise Value, Pointwise Slope)
{
    /// <summary>Both at once: less work, where they have some in common.</summary>
    public PointwisePair Both { get; init; } = (x, value, slope) =>
    {
        Value(x, value);
        Slope(x, slope);
    };
}

/// <summary>
/// The activation functions of ggml with their derivatives. ggml's CPU evaluates GELU from a table of F16 values; the derivatives
/// here are those of the exact functions.
/// </summary>
internal static class Activations
{
    private const float GeluCubic = 0.044715f;
    private const float SqrtTwoOverPi = 0.7978845608f;
    private const float QuickFactor = 1.702f;

    /// <summary>x σ(x). Ramachandran et al., <see href="https://arxiv.org/abs/1710.05941"/>.</summary>
    public static readonly Activation Silu = ScaledSilu(1);

    /// <summary>x σ(1.702 x).</summary>
    public static readonly Activation GeluQuick = ScaledSilu(QuickFactor);

    /// <summary>x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2. Hendrycks and Gimpel, <see href="https://arxiv.org/abs/1606.08415"/>.</summary>
    public static readonly Activation Gelu = new(
        (x, y) =>
        {
            GeluArgument(x, y);
            TensorPrimitives.Tanh(y, y);
            for (var i = 0; i < x.Length; i++)
                y[i] = 0.5f * x[i] * (1 + y[i]);
        },
        (x, slope) =>
        {
            GeluArgument(x, slope);
            TensorPrimitives.Tanh(slope, slope);
            for (var i = 0; i < x.Length; i++)
            {
                var t = slope[i];
                var inner = SqrtTwoOverPi * (1 + 3 * GeluCubic * x[i] * x[i]);
                slope[i] = 0.5f * (1 + t) + 0.5f * x[i] * (1 - t * t) * inner;
            }
        });

    /// <summary>x Φ(x), with the normal distribution Φ.</summary>
    public static readonly Activation GeluErf = Scalar(
        x => x * Normal(x), x => Normal(x) + x * MathF.Exp(-0.5f * x * x) / MathF.Sqrt(2 * MathF.PI));

    public static readonly Activation Relu = Scalar(x => MathF.Max(x, 0), x => x > 0 ? 1 : 0);

    public static readonly Activation Sigmoid = new(
        (x, y) => TensorPrimitives.Sigmoid(x, y),
        (x, slope) =>
        {
            TensorPrimitives.Sigmoid(x, slope);
            for (var i = 0; i < x.Length; i++)
                slope[i] *= 1 - slope[i];
        });

    public static readonly Activation Tanh = new(
        (x, y) => TensorPrimitives.Tanh(x, y),
        (x, slope) =>
        {
            TensorPrimitives.Tanh(x, slope);
            for (var i = 0; i < x.Length; i++)
                slope[i] = 1 - slope[i] * slope[i];
        });

    public static readonly Activation Exp = new((x, y) => TensorPrimitives.Exp(x, y), (x, slope) => TensorPrimitives.Exp(x, slope));

    /// <summary>log(1 + exp(x)), whose slope is σ(x).</summary>
    public static readonly Activation Softplus = new(
        Scalar(x => x > 20 ? x : MathF.Log(1 + MathF.Exp(x)), _ => 0).Value, (x, slope) => TensorPrimitives.Sigmoid(x, slope));

    /// <summary>x².</summary>
    public static readonly Activation Square = new(
        (x, y) => TensorPrimitives.Multiply(x, x, y), (x, slope) => TensorPrimitives.Add(x, x, slope));

    /// <summary>s x + c.</summary>
    public static Activation Linear(float s, float c) => new(
        (x, y) =>
        {
            TensorPrimitives.Multiply(x, s, y);
            if (c != 0)
                TensorPrimitives.Add(y, c, y);
        },
        (_, slope) => slope.Fill(s));

    /// <summary>x σ(k x): slope σ + k x σ (1 - σ).</summary>
    public static Activation ScaledSilu(float k) => new(
        (x, y) =>
        {
            TensorPrimitives.Multiply(x, k, y);
            TensorPrimitives.Sigmoid(y, y);
            TensorPrimitives.Multiply(x, y, y);
        },
        (x, slope) => ScaledSilu(x, k, default, slope)) { Both = (x, value, slope) => ScaledSilu(x, k, value, slope) };

    /// <summary>The function of a UNARY operation with the operation's parameters.</summary>
    public static Activation Of(GgmlUnaryOp function, ReadOnlySpan<float> parameters) => function switch
    {
        GgmlUnaryOp.Abs => Scalar(MathF.Abs, x => MathF.Sign(x)),
        GgmlUnaryOp.Neg => Scalar(x => -x, _ => -1),
        GgmlUnaryOp.Sgn or GgmlUnaryOp.Step or GgmlUnaryOp.Floor or GgmlUnaryOp.Ceil or GgmlUnaryOp.Round or GgmlUnaryOp.Trunc =>
            Scalar(_ => throw new NotSupportedException($"{function} has no use as an activation."), _ => 0),
        GgmlUnaryOp.Tanh => Tanh,
        GgmlUnaryOp.Elu => Scalar(x => x > 0 ? x : MathF.Exp(x) - 1, x => x > 0 ? 1 : MathF.Exp(x)),
        GgmlUnaryOp.Relu => Relu,
        GgmlUnaryOp.Sigmoid => Sigmoid,
        GgmlUnaryOp.Gelu => Gelu,
        GgmlUnaryOp.GeluQuick => GeluQuick,
        GgmlUnaryOp.GeluErf => GeluErf,
        GgmlUnaryOp.Silu => Silu,
        GgmlUnaryOp.Hardsigmoid => Scalar(x => Math.Clamp((x + 3) / 6, 0, 1), x => x is > -3 and < 3 ? 1f / 6 : 0),
        GgmlUnaryOp.Hardswish => Scalar(
            x => x * Math.Clamp((x + 3) / 6, 0, 1), x => x switch { >= 3 => 1, <= -3 => 0, _ => (2 * x + 3) / 6 }),
        GgmlUnaryOp.Exp => Exp,
        GgmlUnaryOp.Expm1 => new Activation(Scalar(x => MathF.Exp(x) - 1, _ => 0).Value, Exp.Slope),
        GgmlUnaryOp.Softplus => Softplus,
        GgmlUnaryOp.Xielu => Xielu(parameters[0], parameters[1], parameters[2], parameters[3]),
        _ => throw new NotSupportedException($"The activation {function} has no gradient rule."),
    };

    /// <summary>xIELU, <see href="https://arxiv.org/abs/2411.13010"/>.</summary>
    private static Activation Xielu(float negative, float positive, float beta, float epsilon) => Scalar(
        x => x > 0 ? positive * x * x + beta * x : (MathF.Exp(MathF.Min(x, epsilon)) - 1 - x) * negative + beta * x,
        x => x > 0 ? 2 * positive * x + beta : ((x < epsilon ? MathF.Exp(x) : 0) - 1) * negative + beta);

    private static Activation Scalar(Func<float, float> value, Func<float, float> slope)
    {
        return new Activation(Each(value), Each(slope));

        static Pointwise Each(Func<float, float> f) => (x, y) =>
        {
            for (var i = 0; i < x.Length; i++)
                y[i] = f(x[i]);
        };
    }

    /// <summary>Value, if there is room for it, and slope of x σ(k x), some elements at a time, which stay in the first-level cache.</summary>
    private static void ScaledSilu(ReadOnlySpan<float> x, float k, Span<float> value, Span<float> slope)
    {
        const int Chunk = 512;
        Span<float> product = stackalloc float[Chunk];
        Span<float> rest = stackalloc float[Chunk];
        for (var at = 0; at < x.Length; at += Chunk)
        {
            var length = Math.Min(Chunk, x.Length - at);
            var f = product[..length];
            var complement = rest[..length];
            var sigmoid = slope.Slice(at, length);
            TensorPrimitives.Multiply(x.Slice(at, length), k, sigmoid);
            TensorPrimitives.Sigmoid(sigmoid, sigmoid);
            TensorPrimitives.Multiply(x.Slice(at, length), sigmoid, f);
            if (!value.IsEmpty)
                f.CopyTo(value[at..]);
            TensorPrimitives.Subtract(1, sigmoid, complement);
            TensorPrimitives.Multiply(f, complement, f);
            TensorPrimitives.MultiplyAdd(f, k, sigmoid, sigmoid);
        }
    }

    private static void GeluArgument(ReadOnlySpan<float> x, Span<float> u)
    {
        for (var i = 0; i < x.Length; i++)
            u[i] = SqrtTwoOverPi * x[i] * (1 + GeluCubic * x[i] * x[i]);
    }

    /// <summary>Φ(x), to an absolute error of 1e-7: Abramowitz and Stegun 7.1.26 in double precision.</summary>
    private static float Normal(float x)
    {
        var z = Math.Abs(x) / Math.Sqrt(2);
        var t = 1 / (1 + 0.3275911 * z);
        var tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.Exp(-z * z);
        return (float)(x >= 0 ? 1 - tail / 2 : tail / 2);
    }
}
