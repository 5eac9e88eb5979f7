using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// How H residual streams mix: m [2H + H², T], s [3], b [2H + H²]; the last H² rows of z = s₂ m + b become a matrix y [H, H, T] whose
/// rows and columns add up to 1, by softmax and Sinkhorn's iterations. dm = s₂ dz, ds₂ = dz·m, db = Σₜ dz, with dz from
/// <see cref="SinkhornGradient"/>. Manifold-constrained hyper-connections, <see href="https://arxiv.org/abs/2512.24880"/>.
/// </summary>
internal sealed class Dsv4HcComb : IGradientRule
{
    /// <summary>s has a number each for what a layer reads and for what it writes, before the one for this.</summary>
    private const int ScaleIndex = 2;

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (m, s, b, builder) = (y.Source(0), y.Source(1), y.Source(2), pass.Builder);
        var number = new Shape(1);
        var scale = builder.Part(s, number, ScaleIndex);
        var kernel = new SinkhornGradient(BitConverter.Int32BitsToSingle(y.OpParams[0]), y.OpParams[1]);
        var dz = builder.Custom(kernel, m.Shape, builder.Contiguous(m), scale, builder.Contiguous(b), dy);
        pass.Add(m, builder.Mul(dz, scale));
        if (pass.Needs(b))
            pass.Add(b, builder.SumTo(dz, b.Shape));
        if (pass.Needs(s))
        {
            var sum = builder.SumTo(builder.Mul(dz, builder.Contiguous(m)), number);
            var row = s.Ne(0) * sizeof(float);
            pass.Add(s, builder.Accumulate(builder.Zeros(s.Shape), sum, row, row, row, ScaleIndex * sizeof(float)));
        }
    }
}
