namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Evaluates a function, or its derivative, at each x.</summary>
internal delegate void Pointwise(ReadOnlySpan<float> x, Span<float> result);

/// <summary>Evaluates a function and its derivative at each x.</summary>
internal delegate void PointwisePair(ReadOnlySpan<float> x, Span<float> value, Span<float> slope);

/// <summary>A function of one variable and its derivative.</summary>
internal sealed record Activation(Pointwise Value, Pointwise Slope)
{
    /// <summary>Both at once: less work, where they have some in common.</summary>
    public PointwisePair Both { get; init; } = (x, value, slope) =>
    {
        Value(x, value);
        Slope(x, slope);
    };
}
