namespace LoraBridge.Training.Kernels;

/// <summary>Evaluates a function, or its derivative, at each x.</summary>
internal delegate void Pointwise(ReadOnlySpan<float> x, Span<float> result);

/// <summary>A function of one variable and its derivative.</summary>
internal sealed record Activation(Pointwise Value, Pointwise Slope);
