using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// Several residual streams from one: x [D, T], r [D, H, T], p [H, T], c [H, H, T] (or the identity), y [D, H, T]:
/// y[:, d, t] = x[:, t] p[d, t] + Σₛ r[:, s, t] c[d, s, t].
/// dx = Σ_d dy p, dp = dy·x, dr[:, s] = Σ_d dy[:, d] c[d, s], dc[d, s] = dy[:, d]·r[:, s].
/// Hyper-connections, <see href="https://arxiv.org/abs/2409.19606"/>.
/// </summary>
internal sealed class Dsv4HcPost : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, r, p, c, builder) = (y.Source(0), y.Source(1), y.Source(2), y.Source(3), pass.Builder);
        var column = new Shape(y.Ne(0), 1, y.Ne(2));
        var number = new Shape(1, y.Ne(1), y.Ne(2));
        if (pass.Needs(x))
            pass.Add(x, builder.Reshape(builder.SumTo(builder.Mul(dy, builder.Reshape(p, number)), column), x.Shape));
        if (pass.Needs(p))
            pass.Add(p, builder.Reshape(builder.SumTo(builder.Mul(dy, builder.Reshape(x, column)), number), p.Shape));
        if (pass.Needs(r))
            pass.Add(r, c.IsNull ? dy : builder.MulMat(builder.Contiguous(builder.Transpose(dy)), c));
        if (!c.IsNull && pass.Needs(c))
            pass.Add(c, builder.MulMat(dy, r));
    }
}
