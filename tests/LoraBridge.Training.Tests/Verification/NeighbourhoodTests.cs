using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training;
using LoraBridge.Training.Verification;

namespace LoraBridge.Training.Tests.Verification;

public sealed class NeighbourhoodTests : IDisposable
{
    private const int Count = 400;

    private readonly ComputeEngine _engine;
    private readonly GraphBuilder _leaves = new(8);
    private readonly BufferHandle _memory;
    private readonly TrainableTensor _varied;
    private readonly TrainableTensor _other;
    private readonly SeededRandom _random = new(4);

    public NeighbourhoodTests()
    {
        NativeRuntime.Initialize();
        _engine = new ComputeEngine(1);
        _varied = Create("varied");
        _other = Create("other");
        _memory = _engine.Allocate(_leaves);
        foreach (var tensor in new[] { _varied, _other })
            for (var i = 0; i < Count; i++)
                tensor.EditValues()[i] = (float)_random.NextGaussian();
    }

    public void Dispose()
    {
        _memory.Dispose();
        _leaves.Dispose();
        _engine.Dispose();
    }

    [Fact]
    public void All_but_the_varied_tensor_is_moved_and_brought_back()
    {
        var (varied, other) = (_varied.ReadValues().ToArray(), _other.ReadValues().ToArray());
        var seen = new List<float[]>();
        var mean = new Neighbourhood([_varied, _other], 5, _random).Average(_varied, () =>
        {
            Assert.Equal(varied, _varied.ReadValues());
            seen.Add(_other.ReadValues().ToArray());
            return seen.Count;
        });

        Assert.Equal(3, mean);
        Assert.Equal(5, seen.Select(values => values[0]).Distinct().Count());
        Assert.All(seen, values => Assert.InRange(Distance(values, other), 0.09, 0.11));
        Assert.Equal(other, _other.ReadValues());
    }

    [Fact]
    public void The_slope_of_a_staircase_is_found_as_the_mean_of_slopes_nearby()
    {
        // f = Σ g(u), u = v + 3 w, g = u + u²/8 looked up at a coarse u.
        double Evaluate()
        {
            var sum = 0.0;
            for (var i = 0; i < Count; i++)
            {
                var u = Math.Round((_varied.ReadValues()[i] + 3 * _other.ReadValues()[i]) * 16) / 16;
                sum += u + u * u / 8;
            }
            return sum / Count;
        }
        var direction = DirectionalDerivative.Choose(_varied.ReadValues(), Enumerable.Repeat(1f, Count).ToArray(), _random);
        double Slope()
        {
            var sum = 0.0;
            for (var i = 0; i < Count; i++)
                sum += direction[i] * (1 + (_varied.ReadValues()[i] + 3 * _other.ReadValues()[i]) / 4);
            return sum / Count;
        }
        var neighbourhood = new Neighbourhood([_varied, _other], 64, _random);

        var found = neighbourhood.Average(_varied, Slope);
        var (slope, _) = DirectionalDerivative.Measure(
            _varied.EditValues(), direction, found, 1e-3, isSmooth: false, () => neighbourhood.Average(_varied, Evaluate));

        Assert.InRange(slope / found, 0.997, 1.003);
        var (alone, _) = DirectionalDerivative.Measure(_varied.EditValues(), direction, found, 1e-3, isSmooth: false, Evaluate);
        Assert.NotInRange(alone / Slope(), 0.997, 1.003);
    }

    private TrainableTensor Create(string name) => new(
        name, _leaves.Leaf(GgmlType.F32, new Shape(Count), name), _leaves.Leaf(GgmlType.F32, new Shape(Count), $"{name}.grad"));

    private static double Distance(float[] a, float[] b)
    {
        float[] difference = [.. a.Zip(b, (x, y) => x - y)];
        return Math.Sqrt(DirectionalDerivative.Dot(difference, difference) / DirectionalDerivative.Dot(b, b));
    }
}
