using LoraBridge.Training;
using LoraBridge.Training.Verification;

namespace LoraBridge.Training.Tests.Verification;

public sealed class DirectionalDerivativeTests
{
    /// <summary>Functions of w·x that bend in different ways, all with the slope 1 at w·x = 0, and the scale of x.</summary>
    public static TheoryData<string, double> Functions => new()
    {
        { "line", 1 }, { "tanh", 1 }, { "tanh", 30 }, { "exp", 1 }, { "sin", 10 }, { "saturating", 20 },
    };

    [Theory]
    [MemberData(nameof(Functions))]
    public void A_slope_is_found_under_rounding_and_curvature(string name, double scale)
    {
        Func<double, double> function = name switch
        {
            "line" => u => u,
            "tanh" => Math.Tanh,
            "exp" => u => Math.Exp(u) - 1,
            "sin" => Math.Sin,
            _ => u => u / Math.Sqrt(1 + u * u),
        };
        var random = new SeededRandom(7);
        var (values, direction) = (Random(random, 500), Random(random, 500));
        direction = DirectionalDerivative.Choose(values, direction, random);
        var original = values.ToArray();
        // f = 4 + 1e-3 F(scale w·d / |w|) / scale, rounded like a loss in F32 that is averaged over a few tokens.
        var length = Math.Sqrt(DirectionalDerivative.Dot(values, values));
        double Evaluate() => 4 + 1e-3 / scale * function(scale * DirectionalDerivative.Dot(values, direction) / length) + 2e-9 * random.NextGaussian();

        var (slope, error) = DirectionalDerivative.Measure(values, direction, 1e-3 / length, 2e-4, isSmooth: true, Evaluate);

        Assert.InRange(slope * length / 1e-3, 1 - 1e-3, 1 + 1e-3);
        Assert.InRange(error, 0, 5e-4);
        Assert.Equal(original, values);
    }

    [Fact]
    public void A_wrong_expectation_does_not_lead_the_measurement_astray()
    {
        var random = new SeededRandom(8);
        var values = Random(random, 100);
        var direction = DirectionalDerivative.Choose(values, Random(random, 100), random);
        double Evaluate() => Math.Tanh(DirectionalDerivative.Dot(values, direction)) + 1e-9 * random.NextGaussian();

        foreach (var expected in new[] { 0, 1e-3, 1.005, -1, 50 })
            Assert.Equal(1, DirectionalDerivative.Measure(values, direction, expected, 2e-4, isSmooth: true, Evaluate).Slope, 1e-3);
    }

    [Fact]
    public void A_direction_is_a_unit_vector_at_right_angles_to_the_values()
    {
        var random = new SeededRandom(9);
        var (values, gradient) = (Random(random, 300), Random(random, 300));
        var direction = DirectionalDerivative.Choose(values, gradient, random);
        Assert.Equal(1, DirectionalDerivative.Dot(direction, direction), 1e-5);
        Assert.Equal(0, DirectionalDerivative.Dot(direction, values), 1e-4);
        Assert.True(DirectionalDerivative.Dot(direction, gradient) > 0.5 * Math.Sqrt(DirectionalDerivative.Dot(gradient, gradient)));
    }

    [Fact]
    public void Values_that_are_all_zero_are_refused() => Assert.Throws<ArgumentException>(
        () => DirectionalDerivative.Measure(new float[4], [1, 0, 0, 0], 1, 1e-3, isSmooth: true, () => 0));

    private static float[] Random(SeededRandom random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextGaussian())];
}
