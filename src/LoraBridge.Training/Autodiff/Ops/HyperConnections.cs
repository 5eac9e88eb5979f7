using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>How gradients pass back through what reads, writes and mixes several residual streams.</summary>
internal static class HyperConnections
{
    /// <summary>s has a number each for what a layer reads and for what it writes, before the one for this.</summary>
    private const int ScaleIndex = 2;

    /// <summary>
    /// One residual stream out of several: x [D, H, T], y [D, T] = s Σₕ x[:, h, t] ∘ w, with w a number w[h, t], or σ(gate[:, h, t]).
    /// dx = s dy ∘ w, dw = s dy·x, dgate = s dy ∘ x ∘ σ′(gate). Hyper-connections, <see href="https://arxiv.org/abs/2409.19606"/>.
    /// </summary>
    public static void Dsv4HcPre(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, weights, builder) = (y.Source(0), y.Source(1), pass.Builder);
        // The older build has neither parameter: s = 1.
        var (scale, gated) = LlamaBuild.Loaded == LlamaBuild.B10221 ? (1, false) : (y.FloatParam(0), y.OpParams[1] != 0);
        var each = builder.Repeat(builder.Reshape(builder.Scale(dy, scale), new Shape(y.Ne(0), 1, y.Ne(1))), x.Shape);
        if (gated)
        {
            var gate = builder.Contiguous(weights);
            pass.Add(x, builder.Mul(each, builder.Record(Ggml.ggml_sigmoid(builder.Context, gate))));
            var kernel = new ElementwiseGradientKernel(Activations.Sigmoid.Slope);
            pass.Add(weights, builder.Custom(kernel, weights.Shape, gate, builder.Mul(each, x)));
            return;
        }

        var numbers = new Shape(1, x.Ne(1), x.Ne(2));
        pass.Add(x, builder.Mul(each, builder.Reshape(weights, numbers)));
        pass.Add(weights, builder.Reshape(builder.SumTo(builder.Mul(each, x), numbers), weights.Shape));
    }

    /// <summary>
    /// Several residual streams from one: x [D, T], r [D, H, T], p [H, T], c [H, H, T] (or the identity), y [D, H, T]:
    /// y[:, d, t] = x[:, t] p[d, t] + Σₛ r[:, s, t] c[d, s, t].
    /// dx = Σ_d dy p, dp = dy·x, dr[:, s] = Σ_d dy[:, d] c[d, s], dc[d, s] = dy[:, d]·r[:, s].
    /// Hyper-connections, <see href="https://arxiv.org/abs/2409.19606"/>.
    /// </summary>
    public static void Dsv4HcPost(BackwardPass pass, TensorPtr y, TensorPtr dy)
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

    /// <summary>
    /// How H residual streams mix: m [2H + H², T], s [3], b [2H + H²]; the last H² rows of z = s₂ m + b become a matrix y [H, H, T] whose
    /// rows and columns add up to 1, by softmax and Sinkhorn's iterations. dm = s₂ dz, ds₂ = dz·m, db = Σₜ dz, with dz from
    /// <see cref="SinkhornGradient"/>. Manifold-constrained hyper-connections, <see href="https://arxiv.org/abs/2512.24880"/>.
    /// </summary>
    public static void Dsv4HcComb(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (m, s, b, builder) = (y.Source(0), y.Source(1), y.Source(2), pass.Builder);
        var number = new Shape(1);
        var scale = builder.Part(s, number, ScaleIndex);
        var kernel = new SinkhornGradient(y.FloatParam(0), y.OpParams[1]);
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
