using System.Numerics.Tensors;

namespace LoraBridge.Training;

/// <summary>
/// AdamW: m = β₁ m + (1 - β₁) g, v = β₂ v + (1 - β₂) g², w -= lr (m̂ / (√v̂ + ε) + λ w), with m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ).
/// Loshchilov and Hutter, <see href="https://arxiv.org/abs/1711.05101"/>.
/// </summary>
internal sealed class AdamW
{
    private readonly IReadOnlyList<TrainableTensor> _parameters;
    private readonly AdamWOptions _options;
    private float[][]? _before;
    private bool _hasBefore;

    public AdamW(IReadOnlyList<TrainableTensor> parameters, AdamWOptions options)
    {
        _parameters = parameters;
        _options = options;
    }

    /// <summary>m, by parameter. Memory is taken when it is used: an estimate of a training needs none.</summary>
    public float[][] FirstMoments => field ??= Zeros();

    /// <summary>v, by parameter.</summary>
    public float[][] SecondMoments => field ??= Zeros();

    /// <inheritdoc cref="AdamWOptions.GainOf"/>
    public Func<TrainableTensor, float> GainOf => _options.GainOf;

    /// <summary>t, the updates made so far.</summary>
    public int Steps { get; set; }

    /// <summary>Changes all parameters by their gradients.</summary>
    /// <param name="learningRate">lr.</param>
    /// <param name="gradientFactor">What gradients are multiplied by first: less than 1 where they are clipped.</param>
    public void Step(float learningRate, float gradientFactor)
    {
        Steps++;
        _hasBefore = true;
        var (firstMoments, secondMoments, before) = (FirstMoments, SecondMoments, _before ??= Zeros());
        var firstCorrection = 1 - MathF.Pow(_options.Beta1, Steps);
        var secondCorrection = MathF.Sqrt(1 - MathF.Pow(_options.Beta2, Steps));
        Parallel.For(0, _parameters.Count, new ParallelOptions { MaxDegreeOfParallelism = _options.Threads }, i =>
        {
            _parameters[i].Values.CopyTo(before[i]);
            var rate = learningRate * _options.RateFactorOf(_parameters[i]);
            var gain = _options.GainOf(_parameters[i]);
            var decay = _options.Decays(_parameters[i]) ? rate * _options.WeightDecay : 0;
            Update(
                _parameters[i].Values, _parameters[i].Gradients, firstMoments[i], secondMoments[i], gain * gradientFactor,
                gain * rate / firstCorrection, secondCorrection, decay);
        });
    }

    /// <summary>Puts the parameters back to what they were before the last update; the moments stay.</summary>
    /// <returns>Whether an update has been made since the optimizer was made, and not been taken back yet.</returns>
    public bool Undo()
    {
        for (var i = 0; i < _parameters.Count && _hasBefore; i++)
            _before![i].CopyTo(_parameters[i].Values);
        var undone = _hasBefore;
        _hasBefore = false;
        return undone;
    }

    private float[][] Zeros() => [.. _parameters.Select(parameter => new float[parameter.Shape.Count])];

    private void Update(
        Span<float> values, ReadOnlySpan<float> gradients, Span<float> first, Span<float> second, float factor, float rate,
        float correction, float decay)
    {
        const int Chunk = 1024;
        Span<float> buffer = stackalloc float[Chunk];
        for (var at = 0; at < values.Length; at += Chunk)
        {
            var length = Math.Min(Chunk, values.Length - at);
            var w = values.Slice(at, length);
            var m = first.Slice(at, length);
            var v = second.Slice(at, length);
            var g = buffer[..length];
            TensorPrimitives.Multiply(gradients.Slice(at, length), factor, g);

            // m += (1 - β₁)(g - m), and likewise v with g².
            TensorPrimitives.Lerp(m, g, 1 - _options.Beta1, m);
            TensorPrimitives.Multiply(g, g, g);
            TensorPrimitives.Lerp(v, g, 1 - _options.Beta2, v);

            TensorPrimitives.Sqrt(v, g);
            TensorPrimitives.Divide(g, correction, g);
            TensorPrimitives.Add(g, _options.Epsilon, g);
            TensorPrimitives.Divide(m, g, g);
            TensorPrimitives.Multiply(g, -rate, g);
            if (decay != 0)
                TensorPrimitives.Multiply(w, 1 - decay, w);
            TensorPrimitives.Add(w, g, w);
        }
    }
}
