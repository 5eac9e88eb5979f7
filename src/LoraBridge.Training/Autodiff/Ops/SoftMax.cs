using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// y = softmax(s x + mask) over rows: dx = s (dy - (y·dy)) ∘ y. The same holds with ALiBi slopes, which only scale the mask, and
/// with sinks, which only make y sum to less than 1: dsink = -(1 - Σ y) (y·dy), summed over the rows of its head.
/// </summary>
internal sealed class SoftMax : IGradientRule
{
    private const int Sinks = 2;

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var s = BitConverter.Int32BitsToSingle(y.OpParams[0]);
        pass.Add(y.Source(0), pass.Builder.Custom(new SoftMaxGradient(s), y.Shape, y, dy));
        if (pass.Needs(y.Source(Sinks)))
            pass.Add(y.Source(Sinks), SinksGradient(pass.Builder, y, dy));
    }

    /// <summary>y [N, T, H, S] -> [H].</summary>
    private static TensorPtr SinksGradient(GraphBuilder builder, TensorPtr y, TensorPtr dy)
    {
        var row = y.Shape with { Ne0 = 1 };
        var along = builder.SumTo(builder.Mul(y, dy), row);
        var rows = builder.Add(builder.Mul(along, builder.SumTo(y, row)), builder.Scale(along, -1));
        return builder.Reshape(builder.SumTo(rows, new Shape(1, 1, y.Ne(2))), y.Source(Sinks).Shape);
    }
}
