using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>How gradients pass back through normalisation of rows.</summary>
internal static class Norms
{
    private const int Sinks = 2;

    /// <summary>
    /// x [D, T], y = x / r with r = sqrt(mean(x²) + ε): dx = (dy - y mean(dy ∘ y)) / r.
    /// Zhang and Sennrich, <see href="https://arxiv.org/abs/1910.07467"/>.
    /// </summary>
    public static void RmsNorm(BackwardPass pass, TensorPtr y, TensorPtr dy) => Add(pass, y, dy, RowGradients.RmsNorm(y.FloatParam(0)));

    /// <summary>Layer normalisation without its weights: see <see cref="RowGradients.Norm"/>.</summary>
    public static void Norm(BackwardPass pass, TensorPtr y, TensorPtr dy) => Add(pass, y, dy, RowGradients.Norm(y.FloatParam(0)));

    /// <summary>Division of rows by their Euclidean length: see <see cref="RowGradients.L2Norm"/>.</summary>
    public static void L2Norm(BackwardPass pass, TensorPtr y, TensorPtr dy) => Add(pass, y, dy, RowGradients.L2Norm(y.FloatParam(0)));

    /// <summary>
    /// y = softmax(s x + mask) over rows: dx = s (dy - (y·dy)) ∘ y. The same holds with ALiBi slopes, which only scale the mask, and
    /// with sinks, which only make y sum to less than 1: dsink = -(1 - Σ y) (y·dy), summed over the rows of its head.
    /// </summary>
    public static void SoftMax(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        pass.Add(y.Source(0), pass.Builder.Custom(RowGradients.SoftMax(y.FloatParam(0)), y.Shape, y, dy));
        if (pass.Needs(y.Source(Sinks)))
            pass.Add(y.Source(Sinks), SinksGradient(pass.Builder, y, dy));
    }

    private static void Add(BackwardPass pass, TensorPtr y, TensorPtr dy, RowKernel gradient) =>
        pass.Add(y.Source(0), pass.Builder.Custom(gradient, y.Shape, pass.Builder.Contiguous(y.Source(0)), dy));

    /// <summary>y [N, T, H, S] -> [H].</summary>
    private static TensorPtr SinksGradient(GraphBuilder builder, TensorPtr y, TensorPtr dy)
    {
        var row = y.Shape with { Ne0 = 1 };
        var along = builder.SumTo(builder.Mul(y, dy), row);
        var rows = builder.Add(builder.Mul(along, builder.SumTo(y, row)), builder.Scale(along, -1));
        return builder.Reshape(builder.SumTo(rows, new Shape(1, 1, y.Ne(2))), y.Source(Sinks).Shape);
    }
}
