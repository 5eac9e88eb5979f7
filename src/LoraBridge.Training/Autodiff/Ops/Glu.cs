using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// Gated linear units, y = f(x) ∘ g: dx = dy ∘ g ∘ f′(x), dg = dy ∘ f(x). x and g are two tensors, or the halves of one's rows.
/// SWIGLU_OAI clips x and g and multiplies by 1 + g. Shazeer, <see href="https://arxiv.org/abs/2002.05202"/>.
/// </summary>
internal sealed class Glu : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
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
        builder.Reshape(builder.View(both, both.Shape with { Ne2 = 1 }, both.Nb(1), both.Nb(2), both.Nb(3), index * both.Nb(2)), shape);

    private static GluGradient Kernel(GgmlGluOp function, TensorPtr y, bool halves, bool swapped)
    {
        var alpha = BitConverter.Int32BitsToSingle(y.OpParams[2]);
        var limit = BitConverter.Int32BitsToSingle(y.OpParams[3]);
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
