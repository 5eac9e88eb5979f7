using LoraBridge.Finetuning;

namespace LoraBridge.Training.Batching;

/// <summary>The steps of each epoch: a seeded shuffle, packing, grouping. The same options and samples give the same steps, from any position on.</summary>
internal sealed class BatchSchedule
{
    private readonly IReadOnlyList<TrainingSample> _samples;
    private readonly BatchOptions _options;
    private readonly int[] _lengths;

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

    /// <summary>The number of steps in an epoch: the same in each, since packing depends on the lengths alone.</summary>
    public int StepsPerEpoch()
    {
        var rowsPerStep = _options.BatchSize * _options.GradientAccumulation;
        return (Rows(epoch: 0).Count + rowsPerStep - 1) / rowsPerStep;
    }

    private List<List<int>> Rows(int epoch)
    {
        var random = new SeededRandom(_options.Seed, (ulong)epoch);
        var order = Enumerable.Range(0, _samples.Count).ToArray();
        random.Shuffle<int>(order);
        if (!_options.SequencePacking)
            return [.. order.Select(index => new List<int> { index })];

        // Packing goes by length, so that without a second shuffle each epoch would begin with the longest samples.
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
