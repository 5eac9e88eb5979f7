using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff;

/// <summary>How the gradient passes back through one operation.</summary>
internal interface IGradientRule
{
    /// <summary>Adds to the gradients of the sources of <paramref name="y"/> what <paramref name="dy"/> contributes to them.</summary>
    /// <param name="pass">Where gradients are asked for and added.</param>
    /// <param name="y">The operation's result; its sources are the arguments.</param>
    /// <param name="dy">The loss's gradient with respect to <paramref name="y"/>: contiguous F32, of the shape of y.</param>
    void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy);
}

/// <summary>How gradients pass back through ggml's operations in one place to compute.</summary>
internal interface IGradientRules
{
    /// <summary>The rule of an operation; null where it is the same as on the CPU.</summary>
    IGradientRule? For(TensorPtr y);
}
