using System.Numerics.Tensors;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>How gradients pass back through functions of single elements, and through gated units made with them.</summary>
internal static class Functions
{
    /// <summary>y = f(x) element by element: dx = dy ∘ f′(x), with f from <see cref="Activations"/>.</summary>
    public static void Unary(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var function = (GgmlUnaryOp)y.OpParams[0];
        var parameters = y.OpParams[1..5].ToArray().Select(BitConverter.Int32BitsToSingle).ToArray();
        AddSlope(pass, y, dy, Activations.Of(function, parameters).Slope);
    }

    /// <summary>Adds dy ∘ f′(x) to the gradient of x.</summary>
    /// <param name="pass">Where gradients are added.</param>
    /// <param name="y">f(x).</param>
    /// <param name="dy">Its gradient.</param>
    /// <param name="slope">f′, of some values.</param>
    public static void AddSlope(BackwardPass pass, TensorPtr y, TensorPtr dy, Pointwise slope) => pass.Add(
        y.Source(0), pass.Builder.Custom(new ElementwiseGradientKernel(slope), y.Shape, pass.Builder.Contiguous(y.Source(0)), dy));

    /// <summary>y = sin x: dx = dy ∘ cos x.</summary>
    public static void Sin(BackwardPass pass, TensorPtr y, TensorPtr dy) => AddSlope(pass, y, dy, (values, slopes) => TensorPrimitives.Cos(values, slopes));

    /// <summary>y = cos x: dx = -dy ∘ sin x.</summary>
    public static void Cos(BackwardPass pass, TensorPtr y, TensorPtr dy) => AddSlope(pass, y, dy, (values, slopes) =>
    {
        TensorPrimitives.Sin(values, slopes);
        TensorPrimitives.Negate(slopes, slopes);
    });

    /// <summary>y = min(max(x, low), high): dx = dy where x lies between them, 0 elsewhere.</summary>
    public static void Clamp(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (low, high) = (y.FloatParam(0), y.FloatParam(1));
        AddSlope(pass, y, dy, (values, slopes) =>
        {
            for (var i = 0; i < values.Length; i++)
                slopes[i] = values[i] >= low && values[i] <= high ? 1 : 0;
        });
    }

    /// <summary>y = x for x &gt; 0, s x elsewhere: dx = dy there, s dy elsewhere.</summary>
    public static void LeakyRelu(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var negative = y.FloatParam(0);
        AddSlope(pass, y, dy, (values, slopes) =>
        {
            for (var i = 0; i < values.Length; i++)
                slopes[i] = values[i] > 0 ? 1 : negative;
        });
    }

    /// <summary>
    /// Gated linear units, y = f(x) ∘ g: dx = dy ∘ g ∘ f′(x), dg = dy ∘ f(x). x and g are two tensors, or the halves of one's rows.
    /// SWIGLU_OAI clips x and g and multiplies by 1 + g. Shazeer, <see href="https://arxiv.org/abs/2002.05202"/>.
    /// </summary>
    public static void Glu(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        var halves = y.Source(1).IsNull;
        var swapped = y.OpParams[1] != 0;
        var x = builder.Contiguous(y.Source(0));
        var g = halves ? x : builder.Contiguous(y.Source(1));
        var kernel = Kernel((GgmlGluOp)y.OpParams[0], y, halves, swapped);
        if (halves)
        {
            pass.Add(y.Source(0), builder.Custom(kernel, x.Shape, x, g, dy));
            return;
        }

        var both = builder.Custom(kernel, new Shape(y.Ne(0), y.Shape.Rows, 2), x, g, dy);
        pass.Add(y.Source(0), Part(builder, both, 0, y.Shape));
        pass.Add(y.Source(1), Part(builder, both, 1, y.Shape));
    }

    private static TensorPtr Part(GraphBuilder builder, TensorPtr both, int index, Shape shape) =>
        builder.Reshape(builder.View(both, both.Shape with { Ne2 = 1 }, index * both.Nb(2)), shape);

    private static GluGradient Kernel(GgmlGluOp function, TensorPtr y, bool halves, bool swapped)
    {
        var alpha = y.FloatParam(2);
        var limit = y.FloatParam(3);
        return function switch
        {
            GgmlGluOp.Reglu => Unlimited(Activations.Relu),
            GgmlGluOp.Geglu => Unlimited(Activations.Gelu),
            GgmlGluOp.GegluErf => Unlimited(Activations.GeluErf),
            GgmlGluOp.GegluQuick => Unlimited(Activations.GeluQuick),
            GgmlGluOp.Swiglu => Unlimited(Activations.Silu),
            GgmlGluOp.SwigluOai => new GluGradient(Activations.ScaledSilu(alpha), limit, 1, halves, swapped),
            GgmlGluOp.SwigluClamp => new GluGradient(Activations.Silu, limit, 0, halves, swapped),
            _ => throw new NotSupportedException($"The gated unit {function} has no gradient rule."),
        };

        GluGradient Unlimited(Activation activation) => new(activation, float.PositiveInfinity, 0, halves, swapped);
    }
}
