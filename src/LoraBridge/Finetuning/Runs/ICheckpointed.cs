using LoraBridge.Training;

namespace LoraBridge.Finetuning.Runs;

/// <summary>A training that checkpoints save and put back: of an adapter, or of a whole model.</summary>
internal interface ICheckpointed
{
    Trainer Trainer { get; }

    /// <summary>What is trained.</summary>
    IReadOnlyList<TrainableTensor> Parameters { get; }

    /// <summary>The name that the file of what is trained has in a checkpoint.</summary>
    string CheckpointFile { get; }

    /// <summary>Writes what is trained as it is now, or with the values given by parameter.</summary>
    void WriteTrained(string path, float[][]? values = null);
}
