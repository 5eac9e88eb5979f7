using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// y = f(x) element by element, dx = dy ∘ f′(x), for functions that ggml computes on one thread (SCALE, SQR, TANH, SIGMOID, ...):
/// on all threads, as large tensors want it.
/// </summary>
/// <param name="function">f and f′.</param>
internal sealed class Elementwise(Activation function) : ITensorKernel, IGradientRule
{
    /// <summary>Fewer elements are not worth the waking of threads: some microseconds.</summary>
    private const long Fewest = 1 << 14;

    private const int Chunk = 2048;

    private readonly ElementwiseGradientKernel _gradient = new(function.Slope);

    /// <summary>The operation that stands for a recorded one; null where ggml's own is as fast.</summary>
    public static Elementwise? For(TracedTensor node) => node.Shape.Count < Fewest ? null : node.Op switch
    {
        GgmlOp.Scale => new Elementwise(Activations.Linear(node.FloatParam(0), node.FloatParam(1))),
        GgmlOp.Sqr => new Elementwise(Activations.Square),
        GgmlOp.Unary when RunsOnOneThread((GgmlUnaryOp)node.OpParams[0]) => new Elementwise(Activations.Of((GgmlUnaryOp)node.OpParams[0], [])),
        _ => null,
    };

    /// <summary>Whether <paramref name="x"/> lies in memory as it must.</summary>
    public static bool Takes(TensorPtr x) => x.IsFloat && x.IsContiguous;

    public void Compute(TensorPtr result, WorkQueue work)
    {
        foreach (var chunk in work.Pieces(result.ElementCount, Chunk))
        {
            var (at, length) = (chunk.Start, chunk.Length);
            function.Value(result.Source(0).HostSpan<float>(at, length), result.HostSpan<float>(at, length));
        }
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy) =>
        pass.Add(y.Source(0), pass.Builder.Custom(_gradient, y.Shape, y.Source(0), dy));

    private static bool RunsOnOneThread(GgmlUnaryOp function) => function is
        GgmlUnaryOp.Abs or GgmlUnaryOp.Neg or GgmlUnaryOp.Tanh or GgmlUnaryOp.Elu or GgmlUnaryOp.Relu or GgmlUnaryOp.Sigmoid
        or GgmlUnaryOp.Hardswish or GgmlUnaryOp.Hardsigmoid or GgmlUnaryOp.Exp or GgmlUnaryOp.Expm1 or GgmlUnaryOp.Softplus;
}
