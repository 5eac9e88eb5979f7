using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>How gradients pass back through operations that know the order of tokens.</summary>
internal static class Sequences
{
    /// <summary>
    /// y = R(position) x, a rotation of pairs (times a constant): dx = Rᵀ dy, the rotation back.
    /// RoFormer, <see href="https://arxiv.org/abs/2104.09864"/>.
    /// </summary>
    public static void Rope(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), pass.Builder.Rotate(y, dy, GgmlOp.RopeBack));

    /// <summary>y = R(position)ᵀ x, a rotation back (times a constant): dx = R dy.</summary>
    public static void RopeBack(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), pass.Builder.Rotate(y, dy, GgmlOp.Rope));

    /// <summary>
    /// A causal convolution along time, channel by channel: x [W - 1 + T, C, S], w [W, C], y [C, T, S]:
    /// y[c, t, s] = Σⱼ w[j, c] x[t + j, c, s]. See <see cref="SsmConvGradient"/>.
    /// </summary>
    public static void SsmConv(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        var (x, w) = (y.Source(0), y.Source(1));
        TensorPtr[] sources = [builder.Contiguous(x), builder.Contiguous(w), dy];
        var gradients = PackedGradients.Emit(builder, new SsmConvGradient(), sources, x.Shape, w.Shape);
        pass.Add(x, gradients[0]);
        pass.Add(w, gradients[1]);
    }

    /// <summary>
    /// The selective scan of Mamba, for N states, D channels of each of H heads in G groups, T tokens of S sequences:
    /// s [N, D, H, *], x [D, H, T, S], dt [H, T, S], A [1 or N, H], B and C [N, G, T, S], ids [S] (where in s a sequence starts from).
    /// With δ = softplus(dt): sₜ = exp(δ A) sₜ₋₁ + δ x B, y = sₜ · C. The result holds y [D, H, T, S] and then K states, the last first.
    /// See <see cref="SsmScanGradient"/>.
    /// Gu and Dao, <see href="https://arxiv.org/abs/2312.00752"/> and <see href="https://arxiv.org/abs/2405.21060"/>.
    /// </summary>
    public static void SsmScan(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        var arguments = Enumerable.Range(0, 6).Select(y.Source).ToArray();
        var (heads, groups) = (arguments[1].Ne(1), arguments[4].Ne(1));
        // K is a parameter in newer builds of llama.cpp only; what lies behind y tells it in all of them.
        var states = (y.Shape.Count - arguments[1].Shape.Count) / (arguments[0].Ne(0) * arguments[0].Ne(1) * heads * arguments[1].Ne(3));
        var parts = SsmScanGradient.PartsOf(heads, groups);
        TensorPtr[] sources = [.. arguments.Select(builder.Contiguous), builder.Contiguous(y.Source(6)), dy];

        // Several heads share B and C: each part of them has its own sum, so that threads never meet.
        var shared = new Shape(arguments[4].Shape.Count, parts);
        var shapes = arguments.Select((argument, i) => i < 4 ? argument.Shape : shared).ToArray();
        var gradients = PackedGradients.Emit(builder, new SsmScanGradient((int)states, parts), sources, shapes);
        for (var i = 0; i < arguments.Length; i++)
        {
            if (!pass.Needs(arguments[i]))
                continue;
            var gradient = i < 4 ? gradients[i] : PackedGradients.SumParts(builder, gradients[i], arguments[i].Shape);
            pass.Add(arguments[i], gradient);
        }
    }

    /// <summary>
    /// The gated delta rule, for H heads of width D, T tokens of S sequences: q and k [D, G, T, S] (head h uses h mod G), v [D, H, T, S],
    /// g [1 or D, H, T, S], β [1, H, T, S], state [D, D, H, S]. The state M decays by exp(g), learns k → v at the rate β, and answers q:
    /// M′ = M exp(g), M = M′ + β (v - M′ k) kᵀ, y = M q / √D. The result holds y [D, H, T, S] and then K states, the last first.
    /// See <see cref="GatedDeltaNetGradient"/>. Yang et al., <see href="https://arxiv.org/abs/2412.06464"/>; a gate for each channel:
    /// <see href="https://arxiv.org/abs/2510.26692"/>.
    /// </summary>
    public static void GatedDeltaNet(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        var arguments = Enumerable.Range(0, 6).Select(y.Source).ToArray();
        if (arguments[0].Shape != arguments[1].Shape)
            throw new NotSupportedException(
                $"{y.Name}: queries {arguments[0].Shape} and keys {arguments[1].Shape} of different shapes have no gradient rule.");

        TensorPtr[] sources = [.. arguments.Select(builder.Contiguous), dy];
        var shapes = arguments.Select(argument => argument.Shape).ToArray();
        var gradients = PackedGradients.Emit(builder, new GatedDeltaNetGradient(y.OpParams[0]), sources, shapes);
        for (var i = 0; i < arguments.Length; i++)
            pass.Add(arguments[i], gradients[i]);
    }
}
