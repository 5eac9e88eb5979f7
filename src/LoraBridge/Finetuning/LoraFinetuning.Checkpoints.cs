using LoraBridge.Finetuning.Checkpoints;
using LoraBridge.Finetuning.Runs;

namespace LoraBridge.Finetuning;

/// <content>Going on from a checkpoint.</content>
public sealed partial class LoraFinetuning
{
    private Checkpoint? _resumed;

    /// <summary>
    /// Makes the next training go on from a checkpoint, with the same result, byte for byte, as if it had not been interrupted. The
    /// model, the data and the parameters must be given as before, but it may go on for more updates or epochs, be measured on other validation data or at
    /// other intervals, and keep its checkpoints otherwise: <see cref="TrainingResult.ResumeChanges"/> says what changed. With more updates a
    /// schedule that falls is, from here on, the one of the greater length.
    /// </summary>
    /// <param name="directory">A checkpoint, or a folder of checkpoints, of which the newest that is complete is taken.</param>
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

    private CheckpointPlan PlanCheckpoints(PreparedData data) => new(
        _parameters.CheckpointDirectory, _parameters.KeepCheckpoints, _resumed, () => CheckpointIdentity.Of(_model, data, _parameters));
}
