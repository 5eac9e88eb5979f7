namespace LoraBridge.Training;

/// <summary>
/// AdamW: m = β₁ m + (1 - β₁) g, v = β₂ v + (1 - β₂) g², w -= lr (m̂ / (√v̂ + ε) + λ w), with m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ).
/// Loshchilov and Hutter, <see href="https://arxiv.org/abs/1711.05101"/>.
/// </summary>
/// <param name="options">Settings.</param>
internal abstract class Optimizer(AdamWOptions options)
{
    private bool _hasBefore;

    /// <inheritdoc cref="AdamWOptions.GainOf"/>
    public Func<TrainableTensor, float> GainOf => options.GainOf;

    /// <summary>t, the updates made so far.</summary>
    public int Steps { get; set; }

    /// <summary>Bytes of host memory for m, v and the values before an update, whether they have been taken yet or not.</summary>
    public abstract long HostBytes { get; }

    /// <summary>The same on a device.</summary>
    public abstract long DeviceBytes { get; }

    protected AdamWOptions Options => options;

    /// <summary>√Σ (c g)², the length of all gradients together, with the c of each parameter by <see cref="GainOf"/>.</summary>
    public abstract double MeasureNorm();

    /// <summary>Changes all parameters by their gradients.</summary>
    /// <param name="learningRate">lr.</param>
    /// <param name="gradientFactor">What gradients are multiplied by first: less than 1 where they are clipped.</param>
    public void Step(float learningRate, float gradientFactor)
    {
        Steps++;
        Update(learningRate, gradientFactor);
        _hasBefore = true;
    }

    /// <summary>Puts the parameters back to what they were before the last update; the moments stay.</summary>
    /// <returns>Whether an update has been made since the optimizer was made, and not been taken back yet.</returns>
    public bool Undo()
    {
        var undone = _hasBefore;
        if (undone)
            TakeBack();
        _hasBefore = false;
        return undone;
    }

    /// <summary>m of a parameter.</summary>
    public abstract float[] FirstMoments(int parameter);

    /// <summary>v of a parameter.</summary>
    public abstract float[] SecondMoments(int parameter);

    /// <summary>Makes m and v of a parameter those of an earlier training.</summary>
    public abstract void SetMoments(int parameter, float[] first, float[] second);

    protected abstract void Update(float learningRate, float gradientFactor);

    protected abstract void TakeBack();
}
