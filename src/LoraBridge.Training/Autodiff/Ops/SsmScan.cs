using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// The selective scan of Mamba, for N states, D channels of each of H heads in G groups, T tokens of S sequences:
/// s [N, D, H, *], x [D, H, T, S], dt [H, T, S], A [1 or N, H], B and C [N, G, T, S], ids [S] (where in s a sequence starts from).
/// With δ = softplus(dt): sₜ = exp(δ A) sₜ₋₁ + δ x B, y = sₜ · C. The result holds y [D, H, T, S] and then K states, the last first.
/// See <see cref="SsmScanGradient"/>.
/// Gu and Dao, <see href="https://arxiv.org/abs/2312.00752"/> and <see href="https://arxiv.org/abs/2405.21060"/>.
/// </summary>
internal sealed class SsmScan : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
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
}
