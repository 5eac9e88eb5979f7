using System.Numerics.Tensors;

namespace LoraBridge.Training;

/// <summary>The optimiser on the CPU, on values and gradients in host memory.</summary>
internal sealed class AdamW(IReadOnlyList<TrainableTensor> parameters, AdamWOptions options) : Optimizer(options)
{
    private float[][]? _before;

    public override long HostBytes => 3 * sizeof(float) * parameters.Sum(parameter => parameter.Shape.Count);

    public override long DeviceBytes => 0;

    /// <summary>m, by parameter. Memory is taken when it is used: an estimate of a training needs none.</summary>
    private float[][] First => field ??= Zeros();

    /// <summary>v, by parameter.</summary>
    private float[][] Second => field ??= Zeros();

    public override double MeasureNorm() => GradientNorm.Of(parameters, GainOf);

    public override float[] FirstMoments(int parameter) => First[parameter];

    public override float[] SecondMoments(int parameter) => Second[parameter];

    public override void SetMoments(int parameter, float[] first, float[] second)
    {
        first.CopyTo(First[parameter], 0);
        second.CopyTo(Second[parameter], 0);
    }

    protected override void Update(float learningRate, float gradientFactor)
    {
        var (firstMoments, secondMoments, before) = (First, Second, _before ??= Zeros());
        var firstCorrection = 1 - MathF.Pow(Options.Beta1, Steps);
        var secondCorrection = MathF.Sqrt(1 - MathF.Pow(Options.Beta2, Steps));
        Parallel.For(0, parameters.Count, new ParallelOptions { MaxDegreeOfParallelism = Options.Threads }, i =>
        {
            var values = parameters[i].EditValues();
            values.CopyTo(before[i]);
            var (gain, rateFactor, weightDecay) = Options.FactorsOf(parameters[i]);
            var rate = learningRate * rateFactor;
            Update(
                values, parameters[i].ReadGradients(), firstMoments[i], secondMoments[i], gain * gradientFactor, gain * rate / firstCorrection,
                secondCorrection, rate * weightDecay);
        });
    }

    protected override void TakeBack()
    {
        for (var i = 0; i < parameters.Count; i++)
            _before![i].CopyTo(parameters[i].EditValues());
    }

    private float[][] Zeros() => [.. parameters.Select(parameter => new float[parameter.Shape.Count])];

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
            TensorPrimitives.Lerp(m, g, 1 - Options.Beta1, m);
            TensorPrimitives.Multiply(g, g, g);
            TensorPrimitives.Lerp(v, g, 1 - Options.Beta2, v);

            TensorPrimitives.Sqrt(v, g);
            TensorPrimitives.Divide(g, correction, g);
            TensorPrimitives.Add(g, Options.Epsilon, g);
            TensorPrimitives.Divide(m, g, g);
            TensorPrimitives.Multiply(g, -rate, g);
            if (decay != 0)
                TensorPrimitives.Multiply(w, 1 - decay, w);
            TensorPrimitives.Add(w, g, w);
        }
    }
}
