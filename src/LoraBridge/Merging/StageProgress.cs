using LoraBridge.Finetuning;

namespace LoraBridge.Merging;

/// <summary>Turns bytes written into the progress of a stage, without flooding the receiver.</summary>
internal sealed class StageProgress : IProgress<long>
{
    private readonly IProgress<MergeProgress> _target;
    private readonly MergeStage _stage;
    private readonly long _total;
    private long _reported = -1;

    private StageProgress(IProgress<MergeProgress> target, MergeStage stage, long total)
    {
        _target = target;
        _stage = stage;
        _total = total;
    }

    internal static StageProgress? Of(IProgress<MergeProgress>? target, MergeStage stage, long total) =>
        target is null ? null : new StageProgress(target, stage, total);

    public void Report(long value)
    {
        // A thousand reports at most.
        if (value < _total && value - _reported < _total / 1000)
            return;
        _reported = value;
        _target.Report(new MergeProgress(_stage, value, _total));
    }
}
