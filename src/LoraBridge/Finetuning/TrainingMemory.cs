namespace LoraBridge.Finetuning;

/// <summary>The memory that a training needs, in bytes.</summary>
/// <param name="Model">The model's file, mapped: pages are shared with others that map it, and may be dropped and read again.</param>
/// <param name="Adapter">The adapter's matrices and their gradients and, unless they are on the device, a copy of the matrices and AdamW's two moments.</param>
/// <param name="Working">Intermediate results of a row, and copies of weights that are kept for speed.</param>
/// <param name="Process">What the process had in memory before: the runtime, and the model if it was loaded for inference.</param>
public sealed record TrainingMemory(long Model, long Adapter, long Working, long Process)
{
    /// <summary>What layers keep, of which there is a choice: see <see cref="LoraTrainingParameters.Recompute"/>.</summary>
    public LayerPlan? Layers { get; init; }

    /// <summary>What is needed on the device beside the model that lies there: intermediate results, the adapter, its gradients, a copy of it and AdamW's two moments.</summary>
    public long Device { get; init; }

    /// <summary>All host memory together.</summary>
    public long Total => Model + Adapter + Working + Process;
}
