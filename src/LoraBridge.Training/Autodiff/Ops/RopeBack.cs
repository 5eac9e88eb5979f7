using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = R(position)ᵀ x, a rotation back (times a constant): dx = R dy. See <see cref="Rope"/>.</summary>
internal sealed class RopeBack : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), pass.Builder.Rotate(y, dy, GgmlOp.Rope));
}
