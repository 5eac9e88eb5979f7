namespace LoraBridge.Training.Batching;

/// <summary>Where in the data a training is: what a checkpoint keeps to continue with the same batches.</summary>
/// <param name="Epoch">Passes over the data that are complete.</param>
/// <param name="Step">Updates made within this pass.</param>
internal readonly record struct DataPosition(int Epoch, int Step);

/// <summary>The data of one update: micro-batches of rows.</summary>
/// <param name="Position">Where in the data the step stands.</param>
/// <param name="MicroBatches">The rows, in the order in which they are run.</param>
/// <param name="TargetCount">The tokens that count in the loss of the whole step.</param>
internal sealed record TrainingStep(DataPosition Position, IReadOnlyList<IReadOnlyList<PackedRow>> MicroBatches, int TargetCount)
{
    /// <summary>
    /// The weight of each counted token: 1 / <see cref="TargetCount"/>. Taken over the whole step, not over a micro-batch, it makes the
    /// update independent of how rows are spread over micro-batches.
    /// </summary>
    public float TokenWeight => 1f / TargetCount;
}
