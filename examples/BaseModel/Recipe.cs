using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.Tokenizer;
using LoraBridge.Finetuning;

namespace LoraBridge.Examples.BaseModel;

/// <summary>Everything that decides the base model. The defaults are the model that ships.</summary>
internal sealed record Recipe
{
    public CorpusOptions Corpus { get; init; } = new();

    public BpeOptions Tokenizer { get; init; } = new();

    public Architecture Model { get; init; } = new();

    public Schedule Training { get; init; } = new();
}

/// <summary>
/// A small llama. Every row length is a multiple of 256, the block of the K-quants; the output has a matrix of its own.
/// </summary>
internal sealed record Architecture
{
    public int Embedding { get; init; } = 256;

    public int FeedForward { get; init; } = 768;

    public int Layers { get; init; } = 4;

    public int Heads { get; init; } = 4;

    public int KeyValueHeads { get; init; } = 4;

    public float RopeBase { get; init; } = 10_000;

    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>Standard deviation of the random weights; those that write to the residual stream get it divided by sqrt(2 Layers).</summary>
    public float InitialDeviation { get; init; } = 0.02f;

    /// <summary>Parameters in all: embedding, layers, norms, output.</summary>
    public long ParameterCount(int vocabulary)
    {
        var attention = 2L * Embedding * Embedding + 2L * Embedding * Embedding * KeyValueHeads / Heads;
        var layer = attention + 3L * Embedding * FeedForward + 2L * Embedding;
        return 2L * vocabulary * Embedding + Layers * layer + Embedding;
    }
}

/// <summary>AdamW over rows of whole documents, each seen once, with the loss on every token.</summary>
internal sealed record Schedule
{
    /// <summary>Tokens in a row.</summary>
    public int Context { get; init; } = 256;

    /// <summary>Rows in a step.</summary>
    public int RowsPerStep { get; init; } = 2;

    /// <summary>
    /// Loss on the system's and the user's turns too. They are half of the tokens and full of invented names that nobody
    /// can predict.
    /// </summary>
    public bool PromptsBearLoss { get; init; } = false;

    /// <summary>The highest learning rate, reached after the warm-up and left along a cosine.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>What the cosine ends at, as a part of the highest rate.</summary>
    public double FinalRateRatio { get; init; } = 0.05;

    public int WarmupSteps { get; init; } = 100;

    public double Beta1 { get; init; } = 0.9;

    public double Beta2 { get; init; } = 0.95;

    /// <summary>On matrices only; norms are left free.</summary>
    public double WeightDecay { get; init; } = 0.1;

    public double MaxGradientNorm { get; init; } = 1;

    public PretrainingParameters ToParameters() => new()
    {
        ContextLength = Context,
        RowsPerStep = RowsPerStep,
        LearningRate = (float)LearningRate,
        WarmupSteps = WarmupSteps,
        FinalRateRatio = (float)FinalRateRatio,
        Beta1 = (float)Beta1,
        Beta2 = (float)Beta2,
        WeightDecay = (float)WeightDecay,
        MaxGradientNorm = (float)MaxGradientNorm,
    };
}
