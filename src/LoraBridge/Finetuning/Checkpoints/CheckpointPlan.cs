using LoraBridge.Finetuning.Runs;

namespace LoraBridge.Finetuning.Checkpoints;

/// <summary>Where the checkpoints of a training come from and go to.</summary>
internal sealed class CheckpointPlan
{
    private readonly string? _folder;
    private readonly int _keep;
    private readonly CheckpointIdentity? _identity;
    private readonly Checkpoint? _resumed;

    /// <param name="folder">Where checkpoints are kept, or null.</param>
    /// <param name="keep">How many.</param>
    /// <param name="resumed">The checkpoint that the training goes on from, or null.</param>
    /// <param name="identify">Says what it is a training of; asked only if a checkpoint is read or kept, for all data are read for it.</param>
    /// <exception cref="CheckpointMismatchException">The checkpoint to resume from is of another training.</exception>
    public CheckpointPlan(string? folder, int keep, Checkpoint? resumed, Func<CheckpointIdentity> identify)
    {
        (_folder, _keep, _resumed) = (folder, keep, resumed);
        _identity = folder is null && resumed is null ? null : identify();
        if (_identity is null || resumed is null)
            return;
        (var refused, Changes) = resumed.State.Identity.Compare(_identity);
        if (refused.Count > 0)
            throw new CheckpointMismatchException(resumed.Directory, refused);
    }

    /// <summary>What is otherwise than in the checkpoint that the training goes on from.</summary>
    public ResumeChanges Changes { get; } = ResumeChanges.None;

    /// <summary>The store that keeps a training's checkpoints; null where none are kept.</summary>
    /// <exception cref="InvalidOperationException">The folder holds checkpoints of another training.</exception>
    public CheckpointStore? OpenStore(ICheckpointed training) =>
        _folder is null ? null : new CheckpointStore(_folder, _keep, training, _identity!, _resumed);
}
