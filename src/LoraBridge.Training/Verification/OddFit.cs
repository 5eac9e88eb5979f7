namespace LoraBridge.Training.Verification;

/// <summary>An estimate of a slope.</summary>
/// <param name="Slope">The slope.</param>
/// <param name="Error">About how far it may be off.</param>
/// <param name="Reach">The largest step that it was taken from.</param>
internal readonly record struct SlopeEstimate(double Slope, double Error, double Reach);

/// <summary>
/// The slope at 0 of an odd function that was sampled with noise: least squares by the odd Chebyshev polynomials T₁, T₃, T₅, ...,
/// whose slopes at 0 are 1, -3, 5, ...
/// </summary>
internal static class OddFit
{
    private const int MostTerms = 6;

    /// <summary>Samples that are left over to tell a good fit from a bad one.</summary>
    private const int Spare = 5;

    /// <summary>The most certain of the fits of all degrees to the samples up to each step.</summary>
    /// <param name="samples">Steps and values, at least five.</param>
    /// <param name="noise">Standard deviation of the values, as far as it is known.</param>
    /// <remarks>
    /// A fit is off by noise, which its scatter shows, and by what its polynomial cannot follow, which shows in how far the next
    /// higher one comes to another slope. The larger of both is its error.
    /// </remarks>
    public static SlopeEstimate Best(IReadOnlyCollection<(double Step, double Value)> samples, double noise)
    {
        var candidates = new List<SlopeEstimate>();
        foreach (var reach in samples.Select(sample => sample.Step).Distinct())
        {
            (double Step, double Value)[] inside = [.. samples.Where(sample => sample.Step <= reach)];
            var fits = new List<(double Slope, double Error)>();
            for (var terms = 1; terms <= MostTerms && inside.Length >= terms + Spare; terms++)
                fits.Add(Fit(inside, reach, terms, noise));
            for (var i = 0; i + 1 < fits.Count; i++)
                candidates.Add(new SlopeEstimate(fits[i].Slope, Math.Max(fits[i].Error, Math.Abs(fits[i].Slope - fits[i + 1].Slope)), reach));
        }

        // One of many fits looks certain by luck: those that are about as certain are averaged, and their scatter counts.
        var best = candidates.MinBy(candidate => candidate.Error);
        if (best.Error == 0)
            return best;
        var (weights, mean, square) = (0.0, 0.0, 0.0);
        foreach (var candidate in candidates.Where(candidate => candidate.Error <= 2 * best.Error))
        {
            var weight = 1 / Math.Max(candidate.Error * candidate.Error, double.Epsilon);
            var distance = candidate.Slope - best.Slope;
            (weights, mean, square) = (weights + weight, mean + weight * distance, square + weight * distance * distance);
        }
        var deviation = Math.Sqrt(Math.Max(0, square / weights - mean / weights * (mean / weights)));
        return new SlopeEstimate(best.Slope + mean / weights, Math.Max(best.Error, deviation), best.Reach);
    }

    /// <summary>The slope and its standard error.</summary>
    private static (double Slope, double Error) Fit((double Step, double Value)[] samples, double reach, int terms, double noise)
    {
        var normal = new double[terms, terms + 2];
        Span<double> basis = stackalloc double[terms];
        foreach (var (step, value) in samples)
        {
            Evaluate(step / reach, basis);
            for (var i = 0; i < terms; i++)
            {
                for (var j = 0; j < terms; j++)
                    normal[i, j] += basis[i] * basis[j];
                normal[i, terms] += basis[i] * value;
            }
        }
        for (var i = 0; i < terms; i++)
            normal[i, terms + 1] = SlopeOf(i);
        Eliminate(normal, terms);

        var (slope, variance, scatter) = (0.0, 0.0, 0.0);
        for (var i = 0; i < terms; i++)
        {
            slope += SlopeOf(i) * normal[i, terms];
            variance += SlopeOf(i) * normal[i, terms + 1];
        }
        foreach (var (step, value) in samples)
        {
            Evaluate(step / reach, basis);
            var residual = value;
            for (var i = 0; i < terms; i++)
                residual -= normal[i, terms] * basis[i];
            scatter += residual * residual;
        }
        var deviation = Math.Max(noise, Math.Sqrt(scatter / (samples.Length - terms)));
        return (slope / reach, deviation * Math.Sqrt(variance) / reach);
    }

    private static int SlopeOf(int index) => (index % 2 == 0 ? 1 : -1) * (2 * index + 1);

    /// <summary>T₁(u), T₃(u), ..., by Tₙ₊₂ = 2 T₂ Tₙ - Tₙ₋₂.</summary>
    private static void Evaluate(double u, Span<double> basis)
    {
        var second = 2 * u * u - 1;
        var (before, current) = (u, u);
        for (var i = 0; i < basis.Length; i++)
        {
            basis[i] = current;
            (before, current) = (current, 2 * second * current - before);
        }
    }

    /// <summary>Gauss and Jordan, on a positive definite matrix with right sides behind it, which become the solutions.</summary>
    private static void Eliminate(double[,] augmented, int size)
    {
        for (var pivot = 0; pivot < size; pivot++)
        {
            var diagonal = augmented[pivot, pivot];
            for (var column = pivot; column < size + 2; column++)
                augmented[pivot, column] /= diagonal;
            for (var row = 0; row < size; row++)
            {
                var factor = augmented[row, pivot];
                for (var column = pivot; row != pivot && column < size + 2; column++)
                    augmented[row, column] -= factor * augmented[pivot, column];
            }
        }
    }
}
