using LoraBridge.Finetuning.Checkpoints;
using LoraBridge.Finetuning.Runs;

namespace LoraBridge.Finetuning;

/// <content>Going on from a checkpoint.</content>
public sealed partial class LoraFinetuning
{
    private Checkpoint? _resumed;

    /// <summary>
    /// Makes the next training resume from a checkpoint, with the same result, byte for byte, as if it had never been interrupted. Model,
    /// data and parameters must be the same as before, except that it may run for more updates or epochs, use other validation data or
    /// evaluation intervals, and keep checkpoints differently: <see cref="TrainingResult.ResumeChanges"/> says what changed. With more
    /// updates, a decaying schedule continues as the schedule of the greater length.
    /// </summary>
    /// <param name="directory">A checkpoint, or a folder of checkpoints, of which the newest complete one is used.</param>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">There is no complete checkpoint; the message says why.</exception>
    /// <exception cref="ObjectDisposedException">This object was disposed.</exception>
    public void ResumeFrom(string directory)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        ObjectDisposedException.ThrowIf(_disposed, this);
        _resumed = Checkpoint.Find(directory);
    }

    private CheckpointPlan PlanCheckpoints(PreparedData data, TrainingPlace place) => new(
        _parameters.CheckpointDirectory, _parameters.KeepCheckpoints, _resumed, () => CheckpointIdentity.Of(_model, place, data, _parameters));
}
