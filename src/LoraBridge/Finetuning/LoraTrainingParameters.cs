using System.Collections.Immutable;

namespace LoraBridge.Finetuning;

/// <summary>
/// How an adapter is trained. LoRA, <see href="https://arxiv.org/abs/2106.09685"/>; the model may be quantised, as in QLoRA,
/// <see href="https://arxiv.org/abs/2305.14314"/>: gradients are computed through the weights as they are stored.
/// </summary>
/// <remarks>The same parameters, model and data on one machine with the same number of threads give the same adapter, byte for byte.</remarks>
public sealed partial record LoraTrainingParameters
{
    /// <summary>
    /// R, the width of the adapter's bottleneck. A higher rank can learn more, but costs memory and time. Ignored with
    /// <see cref="InitialAdapter"/>.
    /// </summary>
    public int Rank { get; init; } = 16;

    /// <summary>The adapter's output is multiplied by alpha / rank; twice the rank is customary. Ignored with <see cref="InitialAdapter"/>.</summary>
    public float Alpha { get; init; } = 32;

    /// <summary>Which weights are adapted. Ignored with <see cref="InitialAdapter"/>.</summary>
    public LoraTargetModules TargetModules { get; init; } = LoraTargetModules.AttentionAndFeedForward;

    /// <summary>
    /// The layers to adapt; null for all. If only the last layers are adapted, the layers below need no backward pass, which saves most of
    /// its time. Ignored with <see cref="InitialAdapter"/>.
    /// </summary>
    public LoraLayers? Layers { get; init; }

    /// <summary>
    /// Ranks for individual weights, by patterns as in <see cref="LoraTargetModules"/>; the first match counts, and each weight's output is
    /// scaled by alpha over its own rank. Ignored with <see cref="InitialAdapter"/>.
    /// </summary>
    public ImmutableArray<LoraRank> RankPattern { get; init; } = [];

    /// <summary>
    /// Alphas for individual weights, in the same way. An adapter file has a single alpha; the B matrices of these weights are scaled to
    /// compensate. Ignored with <see cref="InitialAdapter"/>.
    /// </summary>
    public ImmutableArray<LoraAlpha> AlphaPattern { get; init; } = [];

    /// <summary>
    /// Scales by alpha / √rank instead of alpha / rank, which keeps high ranks effective: rsLoRA, <see href="https://arxiv.org/abs/2312.03732"/>. The
    /// adapter's file then states alpha · √rank as its alpha, since inference divides by the rank.
    /// </summary>
    public bool UseRsLora { get; init; }

    /// <summary>Path of a GGUF adapter to continue from: its targets, ranks and alpha are kept. Null starts with a new adapter.</summary>
    public string? InitialAdapter { get; init; }

    /// <summary>How the matrices of a new adapter are initialized. Ignored with <see cref="InitialAdapter"/>.</summary>
    public LoraInitialization Initialization { get; init; } = LoraInitialization.LoraBridge;

    /// <summary>Passes over the data, unless <see cref="MaxSteps"/> is set.</summary>
    public int Epochs { get; init; } = 3;

    /// <summary>Number of updates (optimizer steps), over as many epochs as they take; null trains for <see cref="Epochs"/>.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>The learning rate at its peak. Lower it when the loss jumps or training diverges.</summary>
    public float LearningRate { get; init; } = 2e-4f;

    /// <summary>How the learning rate changes over time.</summary>
    public LearningRateScheduleKind Schedule { get; init; } = LearningRateScheduleKind.Cosine;

    /// <summary>The fraction of all updates during which the learning rate rises from 0.</summary>
    public float WarmupRatio { get; init; } = 0.03f;

    /// <summary>The learning rate that the schedule decays to, as a fraction of <see cref="LearningRate"/>.</summary>
    public float LearningRateFloor { get; init; }

    /// <summary>
    /// The ratio of B's learning rate to A's: LoRA+, <see href="https://arxiv.org/abs/2402.12354"/>; 1 trains both alike, the paper
    /// recommends 16.
    /// </summary>
    public float LoraPlusRatio { get; init; } = 1;

    /// <summary>
    /// The fraction of a layer's inputs that is dropped before the adapter in training, drawn anew for each matrix A, row and update; some of
    /// it helps against overfitting small data sets. Losses are measured without it.
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

    /// <summary>AdamW's decoupled weight decay of the adapter's matrices.</summary>
    public float WeightDecay { get; init; }

    /// <summary>Gradients whose global L2 norm exceeds this are clipped to it; 0 disables clipping.</summary>
    public float MaxGradientNorm { get; init; } = 1;

    /// <summary>Rows in a micro-batch.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>
    /// Micro-batches whose gradients are accumulated for one update. Rows are computed one after another, so memory does not grow, and only
    /// the product with <see cref="BatchSize"/> matters: each token counts the same however the rows are split.
    /// </summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>
    /// The longest sample in tokens and, rounded up to a multiple of 32, the length of a row; limited to the model's own context length.
    /// Memory and time grow with it.
    /// </summary>
    public int ContextLength { get; init; } = 512;

    /// <summary>
    /// The context length that the adapter will be used with; null for that of the rows. Long-context models, such as Phi-3 with 128k, use
    /// other RoPE factors when the context is longer than the one they were first trained with, whatever the prompt's length; an adapter
    /// should be trained with the factors it will be used with. This costs no memory.
    /// </summary>
    public int? ContextUsed { get; init; }

    /// <summary>What happens to longer samples.</summary>
    public OverlongSamplePolicy OverlongSamples { get; init; }

    /// <summary>
    /// Packs several samples into a row, each with its own positions and attention: the same losses in less time. Models with recurrent state
    /// are always trained with one sample per row.
    /// </summary>
    public bool SequencePacking { get; init; } = true;

    /// <summary>Computes the loss over the assistant's turns and completions only; otherwise over prompts, too.</summary>
    public bool AssistantLossOnly { get; init; } = true;

    /// <summary>
    /// Parses control tokens that are written out in texts and completions, such as the markers between turns of conversations that are
    /// already rendered. Turn it off for untrusted text. <see cref="DatasetStatistics.ParsedSpecialTokens"/> counts them.
    /// </summary>
    public bool ParseSpecialTokensInText { get; init; } = true;

    /// <summary>
    /// Parses control tokens in the contents of conversations, too. What users say must never end their turn: leave it off unless the data
    /// need it.
    /// </summary>
    public bool ParseSpecialTokensInMessages { get; init; }

    /// <summary>The chat template (Jinja) that conversations are rendered with; null uses the model's.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>The fraction of the samples held out for validation, chosen by <see cref="Seed"/>. Ignored if there is a validation set.</summary>
    public float ValidationSplit { get; init; }

    /// <summary>Updates between two evaluations on the validation data; 0 evaluates after each epoch.</summary>
    public int EvaluationInterval { get; init; }

    /// <summary>Consecutive evaluations without a lower validation loss after which training stops early; 0 disables it.</summary>
    public int EarlyStoppingPatience { get; init; }

    /// <summary>
    /// The first and final loss are computed over at most this many tokens of the training data, sampled by <see cref="Seed"/>. Null takes as
    /// many as cost at most a twentieth of the training: at least one row, at most 4096 tokens.
    /// </summary>
    public int? LossSampleTokens { get; init; }

    /// <summary>
    /// How products with the model's weights are computed. <see cref="TrainingPrecision.Exact"/> to compare with other computations,
    /// <see cref="TrainingPrecision.Fast"/> on processors with 8-bit dot products (VNNI).
    /// </summary>
    public TrainingPrecision Precision { get; init; } = TrainingPrecision.Balanced;

    /// <summary>
    /// Gradient checkpointing: recomputes each layer in the backward pass instead of keeping its activations, a third more work for far less
    /// memory. Chen et al., <see href="https://arxiv.org/abs/1604.06174"/>. Automatic takes up to half of the free memory: first for the results of
    /// products and of attention, which are most of the work, of as many layers as fit, then for all activations
    /// (<see cref="TrainingResult.Layers"/> says what was chosen).
    /// The result is the same, bit for bit. Layers below the first adapted one are computed once in any case.
    /// </summary>
    public AutoSwitch Recompute { get; init; } = AutoSwitch.Auto;

    /// <summary>
    /// With <see cref="TrainingPrecision.Fast"/>, keeps an 8-bit copy of the weights for the backward pass: one byte per weight. Automatic
    /// keeps it if it takes at most a sixteenth of the machine's memory. With <see cref="AutoSwitch.Never"/>, gradients are computed as with
    /// <see cref="TrainingPrecision.Balanced"/>.
    /// On a GPU, keeps a copy of the weights in BF16 there with any precision but <see cref="TrainingPrecision.Exact"/>: two bytes per weight, instead of
    /// making them so for each row, or multiplying with them as they are stored where that is as fast. Automatic keeps it if it takes at most a quarter of the
    /// memory that is free beside the model.
    /// </summary>
    public AutoSwitch CacheTransposed { get; init; } = AutoSwitch.Auto;

    /// <summary>Seed of the initial matrices, the order of the data and everything else that is random. Every value is a seed, 0 included.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>The folder for checkpoints; created if necessary. Null saves none.</summary>
    public string? CheckpointDirectory { get; init; }

    /// <summary>Updates between two checkpoints; 0 saves one after each epoch.</summary>
    public int CheckpointInterval { get; init; }

    /// <summary>How many checkpoints are kept; older ones are deleted.</summary>
    public int KeepCheckpoints { get; init; } = 2;
}

/// <summary>The rank of the weights that a pattern names.</summary>
/// <param name="Pattern">As in <see cref="LoraTargetModules"/>, for example <c>ffn_*</c> or <c>blk.0.*</c>.</param>
/// <param name="Rank">R, the rank.</param>
public readonly record struct LoraRank(string Pattern, int Rank);

/// <summary>The alpha of the weights that a pattern names.</summary>
/// <param name="Pattern">As in <see cref="LoraTargetModules"/>, for example <c>ffn_*</c> or <c>blk.0.*</c>.</param>
/// <param name="Alpha">Alpha: the adapter's output is scaled by alpha / rank.</param>
public readonly record struct LoraAlpha(string Pattern, float Alpha);
