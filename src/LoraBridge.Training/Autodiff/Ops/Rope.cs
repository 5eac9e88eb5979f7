using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// y = R(position) x, a rotation of pairs (times a constant): dx = Rᵀ dy, the rotation back.
/// RoFormer, <see href="https://arxiv.org/abs/2104.09864"/>.
/// </summary>
internal sealed class Rope : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), pass.Builder.Rotate(y, dy, GgmlOp.RopeBack));
}

/// <summary>y = R(position)ᵀ x, a rotation back (times a constant): dx = R dy.</summary>
internal sealed class RopeBack : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), pass.Builder.Rotate(y, dy, GgmlOp.Rope));
}
