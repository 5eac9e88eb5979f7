using System.Collections.Immutable;

namespace LoraBridge.Finetuning;

/// <summary>
/// How an adapter is trained. LoRA, <see href="https://arxiv.org/abs/2106.09685"/>; the model may be quantised, as in QLoRA,
/// <see href="https://arxiv.org/abs/2305.14314"/>: gradients are computed through the weights as they are stored.
/// </summary>
/// <remarks>The same parameters, model and data on one machine with the same number of threads give the same adapter, byte for byte.</remarks>
public sealed partial record LoraTrainingParameters
{
    /// <summary>R, the width of the adapter's bottleneck. More can learn more, and costs memory and time. Ignored with <see cref="InitialAdapter"/>.</summary>
    public int Rank { get; init; } = 16;

    /// <summary>The adapter's output is multiplied by alpha / rank; twice the rank is customary. Ignored with <see cref="InitialAdapter"/>.</summary>
    public float Alpha { get; init; } = 32;

    /// <summary>Which weights are adapted. Ignored with <see cref="InitialAdapter"/>.</summary>
    public LoraTargetModules TargetModules { get; init; } = LoraTargetModules.AttentionAndFeedForward;

    /// <summary>
    /// The layers that are adapted; null for all. With the last layers only, the ones below are computed forward alone, which saves most of the
    /// backward pass. Ignored with <see cref="InitialAdapter"/>.
    /// </summary>
    public LoraLayers? Layers { get; init; }

    /// <summary>
    /// Ranks of their own for some weights, by patterns as in <see cref="LoraTargetModules"/>; the first that matches counts, and
    /// each weight's output is scaled by alpha over its own rank. Ignored with <see cref="InitialAdapter"/>.
    /// </summary>
    public ImmutableArray<LoraRank> RankPattern { get; init; } = [];

    /// <summary>
    /// Alphas of their own for some weights, likewise. An adapter's file states one alpha; the matrices B of these weights are stored
    /// larger or smaller to make up for it. Ignored with <see cref="InitialAdapter"/>.
    /// </summary>
    public ImmutableArray<LoraAlpha> AlphaPattern { get; init; } = [];

    /// <summary>
    /// Scale by alpha / √rank instead, which keeps large ranks useful: rsLoRA, <see href="https://arxiv.org/abs/2312.03732"/>. The
    /// adapter's file then states alpha · √rank as its alpha, since inference divides by the rank.
    /// </summary>
    public bool UseRsLora { get; init; }

    /// <summary>Path of a GGUF adapter to continue from: its targets, ranks and alpha are kept. Null starts anew.</summary>
    public string? InitialAdapter { get; init; }

    /// <summary>What the matrices of a new adapter are drawn from. Ignored with <see cref="InitialAdapter"/>.</summary>
    public LoraInitialization Initialization { get; init; } = LoraInitialization.LoraBridge;

    /// <summary>Passes over the data, if <see cref="MaxSteps"/> is null.</summary>
    public int Epochs { get; init; } = 3;

    /// <summary>Updates to make, over as many epochs as that takes; null goes by <see cref="Epochs"/>.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>The learning rate at its peak. Lower it when the loss jumps or training diverges.</summary>
    public float LearningRate { get; init; } = 2e-4f;

    /// <summary>How the learning rate develops.</summary>
    public LearningRateScheduleKind Schedule { get; init; } = LearningRateScheduleKind.Cosine;

    /// <summary>The part of all updates over which the learning rate rises from 0.</summary>
    public float WarmupRatio { get; init; } = 0.03f;

    /// <summary>The learning rate that the schedule falls to, as a part of <see cref="LearningRate"/>.</summary>
    public float LearningRateFloor { get; init; }

    /// <summary>How much faster B learns than A: LoRA+, <see href="https://arxiv.org/abs/2402.12354"/>; 1 trains both alike, 16 is the paper's advice.</summary>
    public float LoraPlusRatio { get; init; } = 1;

    /// <summary>
    /// The share of a layer's inputs that the adapter does not see in training, chosen anew for each matrix A, row and update; some
    /// help against learning small data sets by heart. Losses are measured without it.
    /// </summary>
    public float Dropout { get; init; }

    /// <summary>
    /// α of the noise α / √(L D) on embeddings of width D in sequences of L tokens, which may help instructions to generalise: NEFTune,
    /// <see href="https://arxiv.org/abs/2310.05914"/>. 5 to 15 are customary, 0 adds none. Losses are measured without it.
    /// </summary>
    public float NeftuneAlpha { get; init; }

    /// <summary>AdamW's β₁, <see href="https://arxiv.org/abs/1711.05101"/>.</summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>AdamW's β₂.</summary>
    public float Beta2 { get; init; } = 0.999f;

    /// <summary>AdamW's ε.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>AdamW's decay of the adapter's matrices.</summary>
    public float WeightDecay { get; init; }

    /// <summary>Gradients longer than this are shortened to it; 0 leaves them as they are.</summary>
    public float MaxGradientNorm { get; init; } = 1;

    /// <summary>Rows in a micro-batch.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>
    /// Micro-batches whose gradients make one update. Rows are computed one after the other, so that the memory needed does not grow,
    /// and only the product with <see cref="BatchSize"/> matters: each token counts the same however the rows are split.
    /// </summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>The longest sample, and, up to the next multiple of 32, the most tokens of a row. At most what the model was made for is used. Memory and time grow with it.</summary>
    public int ContextLength { get; init; } = 512;

    /// <summary>
    /// The context length that the adapter will be used with; null for that of the rows. Models of long context, such as Phi-3 with 128k, rotate
    /// positions by other factors where the context is longer than they were first trained with, whatever the prompt's length; an adapter
    /// should be trained with the factors it will meet. No memory is taken for it.
    /// </summary>
    public int? ContextUsed { get; init; }

    /// <summary>What becomes of longer samples.</summary>
    public OverlongSamplePolicy OverlongSamples { get; init; }

    /// <summary>
    /// Put several samples into a row, each with its own positions and attention: the same losses in less time. Models with
    /// recurrent state are always trained with a sample to a row.
    /// </summary>
    public bool SequencePacking { get; init; } = true;

    /// <summary>Learn the assistant's turns, or completions, only; otherwise the prompts too.</summary>
    public bool AssistantLossOnly { get; init; } = true;

    /// <summary>
    /// Read control tokens that are written out in texts and completions, such as the marks between turns of conversations that are rendered
    /// already, as those tokens. Turn it off for texts of strangers. <see cref="DatasetStatistics.ParsedSpecialTokens"/> counts them.
    /// </summary>
    public bool ParseSpecialTokensInText { get; init; } = true;

    /// <summary>Read control tokens also where a turn of a conversation writes them out. What users say must never end their turn: off unless the data need it.</summary>
    public bool ParseSpecialTokensInMessages { get; init; }

    /// <summary>The chat template (Jinja) to write conversations with; null takes the model's.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>The part of the samples that is set aside, by <see cref="Seed"/>, to measure the loss on. A validation set takes its place.</summary>
    public float ValidationSplit { get; init; }

    /// <summary>Updates between two measurements on the validation data; 0 measures after each epoch.</summary>
    public int EvaluationInterval { get; init; }

    /// <summary>Measurements in a row without a lower validation loss after which training stops; 0 never does.</summary>
    public int EarlyStoppingPatience { get; init; }

    /// <summary>
    /// The first and final loss are taken over the training data, or over samples of it, chosen by <see cref="Seed"/>, of at most so many tokens. Null
    /// takes as many as cost at most a twentieth of the training: a row at least, and no more than 4096.
    /// </summary>
    public int? LossSampleTokens { get; init; }

    /// <summary>
    /// How products with the model's weights are computed. <see cref="TrainingPrecision.Exact"/> to compare with other computations,
    /// <see cref="TrainingPrecision.Fast"/> on processors that multiply bytes.
    /// </summary>
    public TrainingPrecision Precision { get; init; } = TrainingPrecision.Balanced;

    /// <summary>
    /// Compute each layer again in the backward pass, instead of keeping its intermediate results: a third more work for far less
    /// memory. Chen et al., <see href="https://arxiv.org/abs/1604.06174"/>. Automatic takes up to half of the memory that is free: for the results of products and
    /// of attention, which are most of the work, of as many layers as fit, and then for all results (<see cref="TrainingResult.Layers"/> says what came of it).
    /// The result is the same, bit for bit. Layers below the first adapted one are computed once in any case.
    /// </summary>
    public AutoSwitch Recompute { get; init; } = AutoSwitch.Auto;

    /// <summary>
    /// With <see cref="TrainingPrecision.Fast"/>, keep a copy of the weights in 8 bits for the gradients: a byte for each weight. Automatic
    /// keeps it where it takes at most a sixteenth of the machine's memory. <see cref="AutoSwitch.Never"/> has gradients of <see cref="TrainingPrecision.Balanced"/>.
    /// </summary>
    public AutoSwitch CacheTransposed { get; init; } = AutoSwitch.Auto;

    /// <summary>Of the initial matrices, the order of the data and all else that is random. Every value counts, 0 too.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>The folder for checkpoints; created if need be. Null keeps none.</summary>
    public string? CheckpointDirectory { get; init; }

    /// <summary>Updates between two checkpoints; 0 saves one after each epoch.</summary>
    public int CheckpointInterval { get; init; }

    /// <summary>How many checkpoints are kept; older ones are deleted.</summary>
    public int KeepCheckpoints { get; init; } = 2;
}

/// <summary>The rank of the weights that a pattern names.</summary>
/// <param name="Pattern">As in <see cref="LoraTargetModules"/>, for example <c>ffn_*</c> or <c>blk.0.*</c>.</param>
/// <param name="Rank">R.</param>
public readonly record struct LoraRank(string Pattern, int Rank);

/// <summary>The alpha of the weights that a pattern names.</summary>
/// <param name="Pattern">As in <see cref="LoraTargetModules"/>, for example <c>ffn_*</c> or <c>blk.0.*</c>.</param>
/// <param name="Alpha">Alpha: the output counts alpha / rank times.</param>
public readonly record struct LoraAlpha(string Pattern, float Alpha);
