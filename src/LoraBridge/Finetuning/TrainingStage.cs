namespace LoraBridge.Finetuning;

/// <summary>What a training is doing.</summary>
public enum TrainingStage
{
    /// <summary>Reading and tokenizing the data.</summary>
    ReadingData,

    /// <summary>Loading the weights and building the graph of a row.</summary>
    BuildingGraph,

    /// <summary>Measuring the loss before the first update.</summary>
    MeasuringBefore,

    /// <summary>Updating the weights.</summary>
    Training,

    /// <summary>Measuring the loss on the validation data.</summary>
    Validating,

    /// <summary>Measuring the loss with the adapter that is written.</summary>
    MeasuringAfter,

    /// <summary>Writing the adapter.</summary>
    Saving,
}
