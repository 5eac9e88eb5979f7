using LoraBridge.Finetuning;
using LoraBridge.Training;
using LoraBridge.Training.Batching;

namespace LoraBridge.Training.Tests.Batching;

public class BatchScheduleTests
{
    private static readonly TrainingSample[] Samples = [.. Enumerable.Range(0, 40).Select(Sample)];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Each_epoch_holds_every_sample_once_in_another_order(bool packing)
    {
        var schedule = Schedule(packing: packing);
        var first = Tokens(schedule, epoch: 0);
        var second = Tokens(schedule, epoch: 1);
        Assert.NotEqual(first, second);
        Assert.Equal(Samples.SelectMany(sample => sample.Tokens).Order(), first.Order());
        Assert.Equal(first.Order(), second.Order());
        Assert.NotEqual(first, Tokens(Schedule(packing: packing, seed: 1), epoch: 0));
        Assert.Equal(first, Tokens(Schedule(packing: packing), epoch: 0));
    }

    [Fact]
    public void Steps_continue_from_any_position()
    {
        var schedule = Schedule(batch: 2, accumulation: 2);
        var all = schedule.Steps(new DataPosition(3, 0)).ToList();
        Assert.Equal(schedule.StepsBefore(4) - schedule.StepsBefore(3), all.Count);
        for (var step = 0; step <= all.Count; step++)
        {
            var rest = schedule.Steps(new DataPosition(3, step)).ToList();
            Assert.Equal(all.Skip(step).Select(Describe), rest.Select(Describe));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Positions_count_the_steps_of_each_epoch(bool packing)
    {
        var schedule = Schedule(packing: packing);
        List<DataPosition> expected =
            [.. Enumerable.Range(0, 5).SelectMany(epoch => schedule.Steps(new DataPosition(epoch, 0)).Select(step => step.Position))];
        // Asked for in any order.
        var other = Schedule(packing: packing);
        foreach (var (steps, position) in expected.Index().Reverse())
        {
            Assert.Equal(position, other.PositionAfter(steps));
            Assert.Equal(position.Step == 0 && steps > 0, other.EndsEpoch(steps));
        }
        Assert.Equal(expected.Count, schedule.StepsBefore(5));
        Assert.Equal(5, schedule.EpochsAfter(expected.Count));
        Assert.InRange(schedule.EpochsAfter(expected.Count - 1), 4.5, 4.999);
    }

    [Fact]
    public void Other_samples_share_a_row_in_each_epoch()
    {
        var groups = Enumerable.Range(0, 3).Select(epoch => Groups(Schedule(), epoch)).ToList();
        Assert.All(groups, group => Assert.True(group.Count > 10));
        Assert.True(groups[0].Intersect(groups[1]).Count() < groups[0].Count / 4);
        Assert.True(groups[1].Intersect(groups[2]).Count() < groups[1].Count / 4);
    }

    /// <summary>The rows that packing begins last stay the emptiest: they are to come at any time of an epoch.</summary>
    [Fact]
    public void Epochs_do_not_end_with_the_emptiest_row()
    {
        const int Epochs = 40;
        var schedule = Schedule();
        var emptiestAtTheEnd = Enumerable.Range(0, Epochs).Count(epoch =>
        {
            var lengths = schedule.Steps(new DataPosition(epoch, 0)).Select(step => step.MicroBatches[0][0].Length).ToList();
            return lengths[^1] == lengths.Min();
        });
        Assert.InRange(emptiestAtTheEnd, 0, Epochs / 4);
    }

    /// <summary>Lengths as chats have them: log-normal about 120 tokens.</summary>
    [Theory]
    [InlineData(512, 0.96)]
    [InlineData(2048, 0.97)]
    public void Rows_are_dense(int contextLength, double least)
    {
        var random = new SeededRandom(5);
        TrainingSample[] samples = [.. Enumerable.Range(0, 1000).Select(_ =>
            TrainingSample.Counting(new int[Math.Clamp((int)Math.Exp(Math.Log(120) + 0.7 * random.NextGaussian()), 8, contextLength)], ..))];
        var rows = new BatchSchedule(samples, new BatchOptions { ContextLength = contextLength }).StepsBefore(1);
        Assert.InRange(samples.Sum(sample => (double)sample.Tokens.Length) / rows / contextLength, least, 1);
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(2, 2)]
    [InlineData(1, 4)]
    public void Splits_of_batch_and_accumulation_see_the_same_rows_and_weights(int batch, int accumulation)
    {
        var reference = Schedule(batch: 4, accumulation: 1).Steps(default).ToList();
        var steps = Schedule(batch: batch, accumulation: accumulation).Steps(default).ToList();
        Assert.Equal(reference.Select(Rows), steps.Select(Rows));
        Assert.Equal(reference.Select(step => step.TokenWeight), steps.Select(step => step.TokenWeight));
        Assert.All(steps.SkipLast(1), step => Assert.Equal((accumulation, batch), (step.MicroBatches.Count, step.MicroBatches[0].Count)));
    }

    [Fact]
    public void The_weights_of_all_counted_tokens_of_a_step_add_up_to_one()
    {
        foreach (var step in Schedule(batch: 2, accumulation: 3).Steps(default))
        {
            var counted = step.MicroBatches.SelectMany(rows => rows).Sum(row => row.Targets.Count(target => target != TrainingSample.Ignored));
            Assert.Equal(1, counted * step.TokenWeight, 5);
        }
    }

    [Fact]
    public void Packing_uses_fewer_rows_and_never_more_than_a_row_holds()
    {
        var rows = Schedule().Steps(default).SelectMany(step => step.MicroBatches).SelectMany(batch => batch).ToList();
        Assert.All(rows, row => Assert.True(row.Length <= 32));
        Assert.True(rows.Count < Samples.Length);
        Assert.Equal(Samples.Length, Schedule(packing: false).Steps(default).Sum(step => step.MicroBatches.Sum(batch => batch.Count)));
    }

    [Fact]
    public void Nothing_overlong_or_unlearnable_is_accepted()
    {
        Assert.Throws<ArgumentException>(() => new BatchSchedule([], new BatchOptions { ContextLength = 8 }));
        Assert.Throws<ArgumentException>(() => new BatchSchedule([Sample(39)], new BatchOptions { ContextLength = 4 }));
        Assert.Throws<ArgumentException>(() => new BatchSchedule([new TrainingSample([1, 2], [1, -100])], new BatchOptions { ContextLength = 8 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Schedule(batch: 0));
    }

    private static BatchSchedule Schedule(int batch = 1, int accumulation = 1, bool packing = true, ulong seed = 0) => new(
        Samples, new BatchOptions { ContextLength = 32, BatchSize = batch, GradientAccumulation = accumulation, SequencePacking = packing, Seed = seed });

    private static TrainingSample Sample(int index)
    {
        var random = new SeededRandom((ulong)index);
        int[] tokens = [.. Enumerable.Range(0, 2 + random.Next(20) + index / 39 * 9).Select(i => index * 100 + i)];
        return TrainingSample.Counting(tokens, (tokens.Length / 2)..);
    }

    private static List<int> Tokens(BatchSchedule schedule, int epoch) =>
        [.. schedule.Steps(new DataPosition(epoch, 0)).SelectMany(step => step.MicroBatches).SelectMany(rows => rows).SelectMany(row => row.Tokens)];

    /// <summary>The rows of an epoch with more than one sample, each by what is in it.</summary>
    private static HashSet<string> Groups(BatchSchedule schedule, int epoch) => schedule.Steps(new DataPosition(epoch, 0))
        .SelectMany(step => step.MicroBatches).SelectMany(rows => rows)
        .Select(row => row.Tokens.Select(token => token / 100).Distinct().Order().ToList())
        .Where(samples => samples.Count > 1)
        .Select(samples => string.Join(',', samples)).ToHashSet();

    private static string Rows(TrainingStep step) =>
        string.Join('|', step.MicroBatches.SelectMany(rows => rows).Select(row => string.Join(',', row.Tokens)));

    private static string Describe(TrainingStep step) => $"{step.Position} {step.TargetCount} {Rows(step)}";
}
