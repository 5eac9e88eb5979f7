using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff;

/// <summary>How gradients pass back through an operation: adds to those of its arguments what the one of its result contributes to them.</summary>
/// <param name="pass">Where gradients are asked for and added.</param>
/// <param name="y">The operation's result; its sources are the arguments.</param>
/// <param name="dy">The loss's gradient with respect to <paramref name="y"/>: contiguous F32, of the shape of y.</param>
internal delegate void GradientRule(BackwardPass pass, TensorPtr y, TensorPtr dy);

/// <summary>A kernel with a rule of its own.</summary>
internal interface IGradientRule
{
    /// <inheritdoc cref="GradientRule"/>
    void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy);
}

/// <summary>How gradients pass back through ggml's operations in one place to compute.</summary>
internal interface IGradientRules
{
    /// <summary>The rule of an operation; null where it is the same as on the CPU.</summary>
    GradientRule? For(TensorPtr y);
}
