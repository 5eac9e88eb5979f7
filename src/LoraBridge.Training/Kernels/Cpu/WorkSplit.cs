namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Shares the items of an operation among its threads.</summary>
internal static class WorkSplit
{
    /// <summary>The items [start, end) of one worker: contiguous, in whole grains but for the last.</summary>
    public static (long Start, long End) Of(long count, long grain, int worker, int workers)
    {
        var grains = (count + grain - 1) / grain;
        var start = grains * worker / workers * grain;
        var end = grains * (worker + 1) / workers * grain;
        return (Math.Min(start, count), Math.Min(end, count));
    }
}
