using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training;

namespace LoraBridge.Training.Tests;

/// <summary>The optimiser beside the formulas of its paper, element by element in double precision.</summary>
public sealed class AdamWTests : IDisposable
{
    private const int Columns = 1100, Rows = 2, Steps = 5;

    private readonly ComputeEngine _engine;
    private readonly GraphBuilder _leaves = new(8);
    private readonly BufferHandle _memory;
    private readonly TrainableTensor _matrix;
    private readonly TrainableTensor _vector;

    public AdamWTests()
    {
        NativeRuntime.Initialize();
        _engine = new ComputeEngine(1);
        _matrix = Create("matrix", new Shape(Columns, Rows));
        _vector = Create("vector", new Shape(Columns));
        _memory = _engine.Allocate(_leaves);
        Fill(_matrix.EditValues(), 1);
        Fill(_vector.EditValues(), 2);
    }

    [Fact]
    public void The_last_update_is_taken_back_once()
    {
        var optimizer = new AdamW([_matrix, _vector], new AdamWOptions());
        Assert.False(optimizer.Undo());
        Fill(_matrix.EditGradients(), 3);
        Fill(_vector.EditGradients(), 4);
        optimizer.Step(0.1f, 1);
        var (matrix, vector) = (_matrix.ReadValues().ToArray(), _vector.ReadValues().ToArray());
        optimizer.Step(0.1f, 1);
        Assert.NotEqual(matrix, _matrix.ReadValues().ToArray());
        Assert.True(optimizer.Undo());
        Assert.Equal(matrix, _matrix.ReadValues().ToArray());
        Assert.Equal(vector, _vector.ReadValues().ToArray());
        Assert.False(optimizer.Undo());
    }

    [Theory]
    [InlineData(0.9f, 0.999f, 1e-8f, 0, 1, 1)]
    [InlineData(0.8f, 0.95f, 1e-2f, 0.1f, 0.5f, 1)]
    [InlineData(0.9f, 0.99f, 1e-8f, 0.1f, 1, 16)]
    public void Updates_are_those_of_the_formulas(float beta1, float beta2, float epsilon, float decay, float factor, float ratio)
    {
        var optimizer = new AdamW([_matrix, _vector], new AdamWOptions
        {
            Beta1 = beta1, Beta2 = beta2, Epsilon = epsilon, WeightDecay = decay, RateFactorOf = tensor => tensor == _matrix ? ratio : 1,
        });
        var expected = new[] { _matrix, _vector }.ToDictionary(tensor => tensor, tensor => tensor.ReadValues().ToArray().Select(value => (W: (double)value, M: 0.0, V: 0.0)).ToArray());
        for (var t = 1; t <= Steps; t++)
        {
            var rate = 0.01f / t;
            foreach (var (tensor, states) in expected)
            {
                Fill(tensor.EditGradients(), t);
                for (var i = 0; i < states.Length; i++)
                {
                    var g = (double)factor * tensor.ReadGradients()[i];
                    var (w, m, v) = states[i];
                    (m, v) = (beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g);
                    var update = m / (1 - Math.Pow(beta1, t)) / (Math.Sqrt(v / (1 - Math.Pow(beta2, t))) + epsilon);
                    // Decay applies to matrices only.
                    var (lr, lambda) = tensor == _matrix ? (rate * ratio, decay) : (rate, 0);
                    states[i] = (w - lr * (update + lambda * w), m, v);
                }
            }
            optimizer.Step(rate, factor);
        }
        Assert.Equal(Steps, optimizer.Steps);
        foreach (var (tensor, states) in expected)
            Assert.All(states.Zip(tensor.ReadValues().ToArray()), pair => Assert.Equal(pair.First.W, pair.Second, 2e-5 * ratio));
    }

    [Theory]
    [InlineData(1, 0.5f)]
    [InlineData(1, 0)]
    [InlineData(2, 0.5f)]
    public void A_matrix_decays_whatever_its_rank(int rows, float decay)
    {
        var tensor = rows == 1 ? _vector : _matrix;
        var before = tensor.ReadValues().ToArray();
        tensor.EditGradients().Clear();
        new AdamW([tensor], new AdamWOptions { WeightDecay = decay, Decays = _ => true }).Step(0.1f, 1);
        Assert.All(before.Zip(tensor.ReadValues().ToArray()), pair => Assert.Equal(pair.First * (1 - 0.1f * decay), pair.Second, 1e-6f));
    }

    /// <summary>What is stored 4 times as large has gradients a fourth as large, and comes to 4 times the values.</summary>
    [Fact]
    public void A_gain_trains_as_if_the_values_were_not_stored_larger()
    {
        const float Gain = 4;
        var plain = Train(gain: 1);
        var gained = Train(Gain);
        Assert.All(plain.Zip(gained), pair => Assert.Equal(pair.First, pair.Second / Gain, 1e-6f));

        float[] Train(float gain)
        {
            Fill(_matrix.EditValues(), 1);
            foreach (ref var value in _matrix.EditValues())
                value *= gain;
            var optimizer = new AdamW([_matrix], new AdamWOptions { WeightDecay = 0.1f, Epsilon = 1e-2f, GainOf = _ => gain });
            for (var t = 1; t <= Steps; t++)
            {
                Fill(_matrix.EditGradients(), t);
                foreach (ref var gradient in _matrix.EditGradients())
                    gradient /= gain;
                Assert.Equal(26.8, GradientNorm.Of([_matrix], optimizer.GainOf), 1.0);
                optimizer.Step(0.01f, 1);
            }
            return _matrix.ReadValues().ToArray();
        }
    }

    [Fact]
    public void Long_gradients_are_shortened_to_the_norm()
    {
        Fill(_matrix.EditGradients(), 3);
        Fill(_vector.EditGradients(), 4);
        var norm = GradientNorm.Of([_matrix, _vector], _ => 1);
        Assert.Equal(Math.Sqrt(_matrix.ReadGradients().ToArray().Concat(_vector.ReadGradients().ToArray()).Sum(g => (double)g * g)), norm, 1e-6);
        Assert.Equal(1 / norm, GradientNorm.ClippingFactor(norm, 1), 1e-6);
        Assert.Equal(1, GradientNorm.ClippingFactor(norm, 1000));
        Assert.Equal(1, GradientNorm.ClippingFactor(norm, 0));
    }

    public void Dispose()
    {
        _memory.Dispose();
        _leaves.Dispose();
        _engine.Dispose();
    }

    private static void Fill(Span<float> values, int seed)
    {
        var random = new SeededRandom((ulong)seed);
        foreach (ref var value in values)
            value = 2 * random.NextSingle() - 1;
    }

    private TrainableTensor Create(string name, Shape shape) => new(
        name, _leaves.Leaf(GgmlType.F32, shape, name), _leaves.Leaf(GgmlType.F32, shape, $"{name}.grad"));
}
