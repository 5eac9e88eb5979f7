using LoraBridge.Finetuning;

namespace LoraBridge.Training;

/// <summary>
/// The learning rate over the steps of a run: a linear rise from 0 during warm-up, then constant, or falling to a floor linearly
/// or along half a cosine (Loshchilov and Hutter, <see href="https://arxiv.org/abs/1608.03983"/>).
/// </summary>
/// <param name="Kind">What happens after warm-up.</param>
/// <param name="Peak">The rate at the end of warm-up.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="WarmupSteps">Steps of warm-up.</param>
/// <param name="FloorRatio">The last step's rate as a part of the peak.</param>
internal sealed record LearningRateSchedule(LearningRateScheduleKind Kind, float Peak, int Steps, int WarmupSteps, float FloorRatio)
{
    /// <summary>The rate of a step, counted from 0.</summary>
    public float At(int step)
    {
        if (step < WarmupSteps)
            return Peak * (step + 1) / (WarmupSteps + 1);
        // The last step is Steps - 1, and has the floor.
        var length = Math.Max(1, Steps - 1 - WarmupSteps);
        var progress = Math.Clamp((float)(step - WarmupSteps) / length, 0, 1);
        var height = Kind switch
        {
            LearningRateScheduleKind.Constant => 1,
            LearningRateScheduleKind.Linear => 1 - progress,
            LearningRateScheduleKind.Cosine => 0.5f * (1 + MathF.Cos(MathF.PI * progress)),
            _ => throw new ArgumentOutOfRangeException(nameof(step), Kind, "Unknown schedule."),
        };
        return Kind == LearningRateScheduleKind.Constant ? Peak : Peak * (FloorRatio + (1 - FloorRatio) * height);
    }
}
