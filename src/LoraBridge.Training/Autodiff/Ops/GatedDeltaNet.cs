using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// The gated delta rule, for H heads of width D, T tokens of S sequences: q and k [D, G, T, S] (head h uses h mod G), v [D, H, T, S],
/// g [1 or D, H, T, S], β [1, H, T, S], state [D, D, H, S]. The state M decays by exp(g), learns k → v at the rate β, and answers q:
/// M′ = M exp(g), M = M′ + β (v - M′ k) kᵀ, y = M q / √D. The result holds y [D, H, T, S] and then K states, the last first.
/// See <see cref="GatedDeltaNetGradient"/>. Yang et al., <see href="https://arxiv.org/abs/2412.06464"/>; a gate for each channel:
/// <see href="https://arxiv.org/abs/2510.26692"/>.
/// </summary>
internal sealed class GatedDeltaNet : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
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
