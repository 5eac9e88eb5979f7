namespace LoraBridge.Training.Verification;

/// <summary>
/// Slopes of a function by finite differences, to hold gradients against. Inference computes in F32, so a small step drowns in
/// rounding and a large one in curvature: the odd polynomial c₁h + c₃h³ + c₅h⁵ is fitted to differences at several steps, which
/// averages the rounding and models the curvature, and its scatter says how far c₁ can be trusted.
/// </summary>
internal static class DirectionalDerivative
{
    private const int Steps = 8;

    private const int Coefficients = 3;

    /// <summary>The slope of <paramref name="function"/> along <paramref name="direction"/>. The values are left as they were.</summary>
    /// <param name="values">What the function depends on.</param>
    /// <param name="direction">A unit vector.</param>
    /// <param name="expected">About what the slope is; it sets the first size of the steps.</param>
    /// <param name="tolerance">Relative error that is good enough to stop.</param>
    /// <param name="isSmooth">Whether the function has no steps but those of rounding.</param>
    /// <param name="function">Evaluates at the current values.</param>
    /// <returns>The slope and its estimated relative error.</returns>
    public static (double Slope, double Error) Measure(
        Span<float> values, ReadOnlySpan<float> direction, double expected, double tolerance, bool isSmooth, Func<double> function)
    {
        var original = values.ToArray();
        var length = Math.Sqrt(Dot(original, original) + 1e-12);
        var first = Math.Min(1e-2 / Math.Max(Math.Abs(expected), 1e-12), 0.3 * length);
        var best = (Slope: 0.0, Error: double.PositiveInfinity);
        var (weights, weighted) = (0.0, 0.0);
        foreach (var factor in (ReadOnlySpan<double>)[1, 0.3, 3, 0.1, 10, 0.6, 2, 0.2, 5])
        {
            var (slope, error) = Fit(values, original, direction, first * factor, function);
            var certainty = 1 / Math.Max(error * error, double.Epsilon);
            weights += certainty;
            weighted += certainty * slope;
            // Rounding is random, so fits of a smooth function are averaged by their certainty; steps of a table are not.
            if (isSmooth)
                best = (weighted / weights, Math.Sqrt(1 / weights));
            else if (error / Math.Abs(slope) < best.Error / Math.Max(Math.Abs(best.Slope), double.Epsilon))
                best = (slope, error);
            if (best.Error <= tolerance * Math.Abs(best.Slope))
                break;
        }
        original.CopyTo(values);
        return (best.Slope, best.Slope == 0 ? double.PositiveInfinity : best.Error / Math.Abs(best.Slope));
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

    /// <summary>c₁ and its standard error, from differences at steps up to <paramref name="largest"/>.</summary>
    private static (double Slope, double Error) Fit(
        Span<float> values, ReadOnlySpan<float> original, ReadOnlySpan<float> direction, double largest, Func<double> function)
    {
        // Weighted least squares over u = h / largest; all differences are equally uncertain, so all weights are 1.
        var normal = new double[Coefficients, Coefficients + 1];
        var (points, differences) = (new double[Steps], new double[Steps]);
        for (var k = 0; k < Steps; k++)
        {
            var step = largest * (k + 1) / Steps;
            var (forward, up) = Move(values, original, direction, step, function);
            var (backward, down) = Move(values, original, direction, -step, function);
            // What is added to an F32 value is not quite what was asked for: the step that counts is the one that was made.
            (points[k], differences[k]) = ((up - down) / 2 / largest, (forward - backward) / 2);
            for (var i = 0; i < Coefficients; i++)
            {
                for (var j = 0; j < Coefficients; j++)
                    normal[i, j] += Power(points[k], i) * Power(points[k], j);
                normal[i, Coefficients] += Power(points[k], i) * differences[k];
            }
        }

        var (coefficients, variance) = Solve(normal);
        var scatter = 0.0;
        for (var k = 0; k < Steps; k++)
        {
            var residual = differences[k];
            for (var i = 0; i < Coefficients; i++)
                residual -= coefficients[i] * Power(points[k], i);
            scatter += residual * residual;
        }
        return (coefficients[0] / largest, Math.Sqrt(variance * scatter / (Steps - Coefficients)) / largest);
    }

    private static double Power(double u, int index) => index switch { 0 => u, 1 => u * u * u, _ => u * u * u * u * u };

    /// <summary>Solves the normal equations; also the first diagonal element of the inverse, the variance of the first coefficient.</summary>
    private static (double[] Solution, double Variance) Solve(double[,] augmented)
    {
        const int N = Coefficients;
        var work = new double[N, N + 2];
        for (var i = 0; i < N; i++)
        {
            for (var j = 0; j <= N; j++)
                work[i, j] = augmented[i, j];
            work[i, N + 1] = i == 0 ? 1 : 0;
        }
        for (var pivot = 0; pivot < N; pivot++)
            for (var row = 0; row < N; row++)
            {
                if (row == pivot)
                    continue;
                var factor = work[row, pivot] / work[pivot, pivot];
                for (var column = pivot; column < N + 2; column++)
                    work[row, column] -= factor * work[pivot, column];
            }
        return ([.. Enumerable.Range(0, N).Select(i => work[i, N] / work[i, i])], work[0, N + 1] / work[0, 0]);
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
