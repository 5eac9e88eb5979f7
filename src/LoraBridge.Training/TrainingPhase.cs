namespace LoraBridge.Training;

/// <summary>What an operation of a training graph is there for.</summary>
internal enum TrainingPhase
{
    /// <summary>The layers.</summary>
    Forward,

    /// <summary>The output matrix, the loss, and the way back through both.</summary>
    Head,

    /// <summary>Layers once more, because their intermediate results were not kept.</summary>
    Recomputation,

    /// <summary>Gradients of the layers.</summary>
    Backward,
}
