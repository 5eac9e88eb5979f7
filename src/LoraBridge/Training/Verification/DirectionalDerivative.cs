namespace LoraBridge.Training.Verification;

/// <summary>Slopes of a function by finite differences, to hold gradients against.</summary>
internal static class DirectionalDerivative
{
    /// <summary>Central differences to take at most, each with half the step of the one before.</summary>
    private const int Levels = 9;

    /// <summary>
    /// The slope of <paramref name="function"/> along <paramref name="direction"/>: central differences with falling steps,
    /// extrapolated to step 0, of which the one with the smallest estimated error is taken. Ridders, Advances in Engineering
    /// Software 4 (1982). The values are left as they were.
    /// </summary>
    /// <param name="values">What the function depends on.</param>
    /// <param name="direction">A unit vector.</param>
    /// <param name="tolerance">Relative error that is good enough to stop.</param>
    /// <param name="function">Evaluates at the current values.</param>
    /// <returns>The slope and its estimated relative error.</returns>
    public static (double Slope, double Error) Measure(
        Span<float> values, ReadOnlySpan<float> direction, double tolerance, Func<double> function)
    {
        var original = values.ToArray();
        var step = 0.1 * Math.Sqrt(original.Sum(value => (double)value * value) + 1e-12);
        var table = new double[Levels, Levels];
        var (best, error) = (0.0, double.PositiveInfinity);
        for (var level = 0; level < Levels; level++, step /= 2)
        {
            table[0, level] = Difference(values, original, direction, step, function);
            var factor = 4.0;
            for (var order = 1; order <= level; order++, factor *= 4)
            {
                table[order, level] = (table[order - 1, level] * factor - table[order - 1, level - 1]) / (factor - 1);
                var estimate = Math.Max(
                    Math.Abs(table[order, level] - table[order - 1, level]), Math.Abs(table[order, level] - table[order - 1, level - 1]));
                if (estimate <= error)
                    (best, error) = (table[order, level], estimate);
            }
            if (error <= tolerance * Math.Abs(best))
                break;
        }
        original.CopyTo(values);
        return (best, best == 0 ? double.PositiveInfinity : error / Math.Abs(best));
    }

    /// <summary>A unit vector, half along the gradient, so that the slope is not lost in rounding, half random, so that nothing hides.</summary>
    public static float[] Choose(ReadOnlySpan<float> gradient, SeededRandom random)
    {
        var direction = new float[gradient.Length];
        var gradientLength = Math.Sqrt(Dot(gradient, gradient));
        for (var i = 0; i < direction.Length; i++)
            direction[i] = (float)random.NextGaussian();
        var randomLength = Math.Sqrt(Dot(direction, direction));
        for (var i = 0; i < direction.Length; i++)
            direction[i] = (float)(direction[i] / randomLength + (gradientLength > 0 ? gradient[i] / gradientLength : 0));
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

    private static double Difference(
        Span<float> values, ReadOnlySpan<float> original, ReadOnlySpan<float> direction, double step, Func<double> function)
    {
        // What is added to an F32 value is not quite what was asked for: the step that counts is the one that was made.
        var (forward, forwardStep) = Move(values, original, direction, step, function);
        var (backward, backwardStep) = Move(values, original, direction, -step, function);
        return (forward - backward) / (forwardStep - backwardStep);
    }

    private static (double Value, double Step) Move(
        Span<float> values, ReadOnlySpan<float> original, ReadOnlySpan<float> direction, double step, Func<double> function)
    {
        var made = 0.0;
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)(original[i] + step * direction[i]);
            made += ((double)values[i] - original[i]) * direction[i];
        }
        return (function(), made);
    }
}
