using LoraBridge.Formats;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests.Autodiff;

/// <content>What the operation is tried with.</content>
internal sealed partial class GradientProbe
{
    private readonly List<Argument> _arguments = [];
    private readonly Random _random = new(7);

    /// <summary>Step of the differences.</summary>
    public double Epsilon { get; init; } = 1e-2;

    /// <summary>Largest error, relative to the root mean square of the gradient's elements plus the element itself.</summary>
    public double Tolerance { get; init; } = 1e-3;

    /// <summary>An F32 argument whose gradient is checked, of uniform random numbers.</summary>
    public GradientProbe Vary(Shape shape, float low = -1, float high = 1) =>
        Vary(shape, _ => low + (high - low) * _random.NextSingle());

    /// <summary>An F32 argument whose gradient is checked.</summary>
    public GradientProbe Vary(Shape shape, Func<int, float> value)
    {
        _arguments.Add(new Argument(GgmlType.F32, shape, Enumerable.Range(0, (int)shape.Count).Select(value).ToArray(), true));
        return this;
    }

    /// <summary>An argument without gradient.</summary>
    public GradientProbe Fix<T>(GgmlType type, Shape shape, params T[] values) where T : unmanaged
    {
        _arguments.Add(new Argument(type, shape, values, false));
        return this;
    }

    /// <summary>Indices.</summary>
    public GradientProbe Fix(Shape shape, params int[] values) => Fix(GgmlType.I32, shape, values);

    internal sealed record Argument(GgmlType Type, Shape Shape, Array Values, bool Varies);
}
