using LoraBridge.Finetuning;

namespace LoraBridge.Training.Batching;

/// <summary>The steps of each epoch: a seeded shuffle, packing, grouping. The same options and samples give the same steps, from any position on.</summary>
internal sealed class BatchSchedule
{
    private readonly IReadOnlyList<TrainingSample> _samples;
    private readonly BatchOptions _options;
    private readonly int[] _lengths;

    /// <summary>The steps before each epoch, as far as they have been asked for.</summary>
    private readonly List<int> _stepsBefore = [0];

    /// <exception cref="ArgumentException">There are no samples, or one of them is longer than a row or has nothing to learn.</exception>
    public BatchSchedule(IReadOnlyList<TrainingSample> samples, BatchOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.GradientAccumulation, 1);
        if (samples.Count == 0)
            throw new ArgumentException("There are no samples to train on.", nameof(samples));
        _samples = samples;
        _options = options;
        _lengths = [.. samples.Select(CheckedLength)];
    }

    /// <summary>The steps of an epoch from one on; an epoch's last step may be smaller than the others.</summary>
    public IEnumerable<TrainingStep> Steps(DataPosition from)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from.Step);
        var rowsPerStep = _options.BatchSize * _options.GradientAccumulation;
        var steps = Rows(from.Epoch).Chunk(rowsPerStep).Skip(from.Step);
        return steps.Select((rows, index) => Step(new DataPosition(from.Epoch, from.Step + index), rows));
    }

    /// <summary>The number of steps in all epochs before one. Packing depends on the order, so that an epoch may have a step more or less than another.</summary>
    /// <exception cref="OverflowException">They are more than 2^31.</exception>
    public int StepsBefore(int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        while (_stepsBefore.Count <= epoch)
            _stepsBefore.Add(checked(_stepsBefore[^1] + StepsIn(_stepsBefore.Count - 1)));
        return _stepsBefore[epoch];
    }

    /// <summary>Where in the data a training is after so many steps.</summary>
    public DataPosition PositionAfter(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        while (_stepsBefore[^1] <= steps)
            StepsBefore(_stepsBefore.Count);
        var found = _stepsBefore.BinarySearch(steps);
        var epoch = found < 0 ? ~found - 1 : found;
        return new DataPosition(epoch, steps - _stepsBefore[epoch]);
    }

    /// <summary>Passes over the data after so many steps, with the part of an unfinished one.</summary>
    public double EpochsAfter(int steps)
    {
        var position = PositionAfter(steps);
        return position.Epoch + (double)position.Step / (StepsBefore(position.Epoch + 1) - StepsBefore(position.Epoch));
    }

    /// <summary>Whether a pass over the data ends with this step, counted from 1.</summary>
    public bool EndsEpoch(int steps) => steps > 0 && PositionAfter(steps).Step == 0;

    private int StepsIn(int epoch)
    {
        var rowsPerStep = _options.BatchSize * _options.GradientAccumulation;
        var rows = _options.SequencePacking ? Rows(epoch).Count : _samples.Count;
        return (rows + rowsPerStep - 1) / rowsPerStep;
    }

    private List<List<int>> Rows(int epoch)
    {
        var random = new SeededRandom(_options.Seed, (ulong)epoch);
        var order = Enumerable.Range(0, _samples.Count).ToArray();
        random.Shuffle<int>(order);
        if (!_options.SequencePacking)
            return [.. order.Select(index => new List<int> { index })];

        // The last rows that first fit begins stay the emptiest: without a second shuffle, each epoch would end with them.
        var rows = SequencePacker.Pack(_lengths, order, _options.ContextLength).ToArray();
        random.Shuffle<List<int>>(rows);
        return [.. rows];
    }

    private TrainingStep Step(DataPosition position, List<int>[] rows)
    {
        var packed = rows.Select(row => PackedRow.From([.. row.Select(index => _samples[index])])).ToList();
        IReadOnlyList<PackedRow>[] microBatches = [.. packed.Chunk(_options.BatchSize)];
        return new TrainingStep(position, microBatches, packed.Sum(row => row.TargetCount));
    }

    private int CheckedLength(TrainingSample sample, int index)
    {
        if (sample.Tokens.Length > _options.ContextLength)
            throw new ArgumentException($"Sample {index} has {sample.Tokens.Length} tokens, a row holds {_options.ContextLength}.");
        if (sample.Labels.Skip(1).All(label => label == TrainingSample.Ignored))
            throw new ArgumentException($"Sample {index} has no token to learn.");
        return sample.Tokens.Length;
    }
}
