using LoraBridge.Finetuning;
using LoraBridge.Training;

namespace LoraBridge.Training.Tests;

public sealed class LearningRateScheduleTests
{
    [Theory]
    [InlineData(LearningRateScheduleKind.Constant, 1, 1, 1)]
    [InlineData(LearningRateScheduleKind.Linear, 1, 0.5, 0.1)]
    [InlineData(LearningRateScheduleKind.Cosine, 1, 0.4719, 0.1)]
    public void Rates_rise_to_the_peak_and_develop_towards_the_floor(LearningRateScheduleKind kind, double first, double middle, double last)
    {
        var schedule = new LearningRateSchedule(kind, 2, Steps: 14, WarmupSteps: 4, FloorRatio: 0.1f);
        Assert.Equal([0.4f, 0.8f, 1.2f, 1.6f], Enumerable.Range(0, 4).Select(schedule.At), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(2 * first, schedule.At(4), 1e-4);
        Assert.Equal(2 * middle, schedule.At(9), 1e-4);
        Assert.Equal(2 * last, schedule.At(13), 1e-4);
        Assert.Equal(kind == LearningRateScheduleKind.Constant ? 2 : 0.2, schedule.At(99), 1e-6);
    }

    [Theory]
    [InlineData(LearningRateScheduleKind.Linear)]
    [InlineData(LearningRateScheduleKind.Cosine)]
    public void The_floor_is_the_last_updates_rate_and_none_before_it(LearningRateScheduleKind kind)
    {
        for (var steps = 2; steps < 40; steps++)
        {
            var schedule = new LearningRateSchedule(kind, 1, steps, WarmupSteps: 0, FloorRatio: 0.25f);
            Assert.Equal(0.25f, schedule.At(steps - 1), 1e-6f);
            Assert.True(schedule.At(steps - 2) > 0.25f);
        }
    }

    [Fact]
    public void Without_warm_up_the_first_update_has_the_peak() =>
        Assert.Equal(3, new LearningRateSchedule(LearningRateScheduleKind.Cosine, 3, Steps: 10, WarmupSteps: 0, FloorRatio: 0).At(0));
}
