namespace LoraBridge.Training;

/// <summary>Settings of an <see cref="Optimizer"/>.</summary>
internal sealed record AdamWOptions
{
    /// <summary>β₁.</summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>β₂.</summary>
    public float Beta2 { get; init; } = 0.999f;

    /// <summary>ε.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>λ, applied where <see cref="Decays"/> says so.</summary>
    public float WeightDecay { get; init; }

    /// <summary>
    /// Which parameters decay: unless given, those with more than one row, for pulling norms and biases towards zero does harm. Matrices of
    /// rank 1 have one row too.
    /// </summary>
    public Func<TrainableTensor, bool> Decays { get; init; } = tensor => tensor.Shape.Rows > 1;

    /// <summary>Factor of the learning rate by parameter: LoRA+ trains B faster than A, <see href="https://arxiv.org/abs/2402.12354"/>.</summary>
    public Func<TrainableTensor, float> RateFactorOf { get; init; } = _ => 1;

    /// <summary>
    /// c by parameter: its values are stored c times as large as they are trained, so that its gradients count c times, and so do updates.
    /// Adapters' files state one alpha for all; matrices B make up for one of their own.
    /// </summary>
    public Func<TrainableTensor, float> GainOf { get; init; } = _ => 1;

    /// <summary>How many parameters are updated at the same time; the result does not depend on it.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>What is particular to a parameter.</summary>
    public UpdateFactors FactorsOf(TrainableTensor parameter) => new(GainOf(parameter), RateFactorOf(parameter), Decays(parameter) ? WeightDecay : 0);
}

/// <summary>What an update of one parameter has of its own.</summary>
/// <param name="Gain">c, what its values are stored larger by.</param>
/// <param name="Rate">What the learning rate is multiplied by.</param>
/// <param name="Decay">λ; 0 where it does not decay.</param>
internal readonly record struct UpdateFactors(float Gain, float Rate, float Decay);
