namespace LoraBridge.Training.Verification;

/// <summary>
/// Slopes of a function by finite differences, to hold gradients against. Inference computes in F32, so a small step drowns in
/// rounding and a large one in curvature. Where the best steps lie differs from tensor to tensor by orders of magnitude; so steps are
/// added, larger, smaller or more of the same, until polynomials through them agree on the slope (<see cref="OddFit"/>).
/// </summary>
/// <remarks>
/// Steps turn the values instead of moving them along a line: v cos θ + |v| d sin θ, for a direction d at right angles to v, whose slope
/// at 0 is that of the line. Models normalise, so how long v is often hardly matters, and along a line the function soon goes flat;
/// along a circle it stays smooth, and steps can be large enough to rise above rounding.
/// </remarks>
internal static class DirectionalDerivative
{
    private const int MostRounds = 24;

    private const double LargestAngle = 1.5, FirstAngle = 0.1, SmallestAngle = 1e-5;

    /// <summary>Where T₇ is largest: the places at which noise disturbs the slope of a polynomial least.</summary>
    private static readonly double[] Nodes = [1, 0.9009688679, 0.6234898019, 0.2225209340];

    /// <summary>The slope of <paramref name="function"/> along <paramref name="direction"/>. The values are left as they were.</summary>
    /// <param name="values">What the function depends on; not all zero.</param>
    /// <param name="direction">A unit vector at right angles to the values, as of <see cref="Choose"/>.</param>
    /// <param name="expected">About what the slope is; with the noise it sets the first size of the steps.</param>
    /// <param name="tolerance">Relative error that is good enough to stop.</param>
    /// <param name="isSmooth">Whether the function has no steps but those of rounding.</param>
    /// <param name="function">Evaluates at the current values.</param>
    /// <returns>The slope and its estimated relative error.</returns>
    public static (double Slope, double Error) Measure(
        Span<float> values, ReadOnlySpan<float> direction, double expected, double tolerance, bool isSmooth, Func<double> function)
    {
        var original = values.ToArray();
        var length = Math.Sqrt(Dot(original, original));
        if (length == 0)
            throw new ArgumentException("The values are all zero: there is nothing to turn.", nameof(values));
        var noise = Noise(values, original, direction, (isSmooth ? 1e-6 : 1e-3) * length, function);

        var samples = new List<(double Step, double Value)>();
        var (lowest, highest) = (double.PositiveInfinity, 0.0);
        // The smallest steps that rounding leaves certain enough have the least curvature, and the fewest kinks of clamps and ReLUs.
        var certain = 4 * noise / Math.Max(tolerance * Math.Abs(expected), double.Epsilon);
        var next = Math.Clamp(certain, SmallestAngle * length, FirstAngle * length);
        var best = default(SlopeEstimate);
        for (var round = 0; round < MostRounds; round++)
        {
            foreach (var node in Nodes)
                samples.Add(Difference(values, original, direction, next * node, function));
            (lowest, highest) = (Math.Min(lowest, next), Math.Max(highest, next));
            if (round == 0)
            {
                next /= 2;
                continue;
            }
            best = OddFit.Best(samples, noise);
            if (best.Error <= tolerance * Math.Abs(best.Slope))
                break;
            if (best.Reach > 0.8 * highest && highest < LargestAngle * length / 2)
                next = 2 * highest;
            else if (best.Reach < 2.2 * lowest && lowest > SmallestAngle * length)
                next = lowest / 2;
            else
                // More of the same, but never twice the same step: rounding would repeat itself.
                next = best.Reach * (1 - 0.3 * (round * 0.618 % 1));
        }
        original.CopyTo(values);
        return (best.Slope, best.Error == 0 ? 0 : best.Error / Math.Abs(best.Slope));
    }

    /// <summary>
    /// A unit vector at right angles to the values, half along the gradient, so that the slope is not lost in rounding, half random, so
    /// that nothing hides.
    /// </summary>
    public static float[] Choose(ReadOnlySpan<float> values, ReadOnlySpan<float> gradient, SeededRandom random)
    {
        var direction = new float[gradient.Length];
        for (var i = 0; i < direction.Length; i++)
            direction[i] = (float)random.NextGaussian();
        var (randomLength, gradientLength) = (Math.Sqrt(Dot(direction, direction)), Math.Sqrt(Dot(gradient, gradient)));
        for (var i = 0; i < direction.Length; i++)
            direction[i] = (float)(direction[i] / randomLength + (gradientLength > 0 ? gradient[i] / gradientLength : 0));
        var along = Dot(direction, values) / Dot(values, values);
        for (var i = 0; i < direction.Length; i++)
            direction[i] = (float)(direction[i] - along * values[i]);
        var length = Math.Sqrt(Dot(direction, direction));
        for (var i = 0; i < direction.Length; i++)
            direction[i] = (float)(direction[i] / length);
        return direction;
    }

    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
            sum += (double)a[i] * b[i];
        return sum;
    }

    /// <summary>Standard deviation of differences at steps so small that the function is a line there.</summary>
    private static double Noise(
        Span<float> values, ReadOnlySpan<float> original, ReadOnlySpan<float> direction, double largest, Func<double> function)
    {
        const int Count = 6;
        var samples = new (double Step, double Value)[Count];
        for (var i = 0; i < Count; i++)
            samples[i] = Difference(values, original, direction, largest * (i + 1) / Count, function);
        var slope = samples.Sum(sample => sample.Step * sample.Value) / samples.Sum(sample => sample.Step * sample.Step);
        return Math.Sqrt(samples.Sum(sample => Math.Pow(sample.Value - slope * sample.Step, 2)) / (Count - 1));
    }

    /// <summary>(f(h) - f(-h)) / 2, and h.</summary>
    private static (double Step, double Value) Difference(
        Span<float> values, ReadOnlySpan<float> original, ReadOnlySpan<float> direction, double step, Func<double> function)
    {
        var (forward, up) = Move(values, original, direction, step, function);
        var (backward, down) = Move(values, original, direction, -step, function);
        // What is added to an F32 value is not quite what was asked for: the step that counts is the one that was made.
        return ((up - down) / 2, (forward - backward) / 2);
    }

    private static (double Value, double Step) Move(
        Span<float> values, ReadOnlySpan<float> original, ReadOnlySpan<float> direction, double step, Func<double> function)
    {
        var length = Math.Sqrt(Dot(original, original));
        var (sin, cos) = Math.SinCos(step / length);
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)(original[i] * cos + length * direction[i] * sin);
        var made = length * Math.Atan2(Dot(values, direction), Dot(values, original) / length);
        return (function(), made);
    }
}
