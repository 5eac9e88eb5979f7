using CsCheck;
using LoraBridge.Finetuning;
using LoraBridge.Training.Batching;

namespace LoraBridge.Training.Tests.Batching;

public class SequencePackerTests
{
    [Fact]
    public void First_fit_fills_the_first_row_with_space_in_the_order_given()
    {
        int[] lengths = [5, 3, 4, 7, 6];
        Assert.Equal([[0, 1], [2, 4], [3]], SequencePacker.Pack(lengths, [0, 1, 2, 3, 4], contextLength: 10));
        Assert.Equal([[3, 1], [4, 2], [0]], SequencePacker.Pack(lengths, [3, 4, 0, 2, 1], contextLength: 10));
    }

    [Fact]
    public void A_sample_longer_than_a_row_is_refused() =>
        Assert.Throws<ArgumentException>(() => SequencePacker.Pack([11], [0], contextLength: 10));

    [Fact]
    public void Rows_are_those_of_the_obvious_algorithm() => Gen.Int[1, 50].Array[1, 60].Sample(
        lengths =>
        {
            int[] order = [.. Enumerable.Range(0, lengths.Length)];
            Assert.Equal(SlowPack(lengths, 50), SequencePacker.Pack(lengths, order, 50));
        }, iter: 200, threads: 1);

    [Fact]
    public void A_packed_row_restarts_positions_and_never_predicts_across_samples()
    {
        var row = PackedRow.From(new TrainingSample([1, 2, 3], [-100, -100, 3]), new TrainingSample([4, 5], [-100, 5]));
        Assert.Equal([1, 2, 3, 4, 5], row.Tokens);
        Assert.Equal([0, 1, 2, 0, 1], row.Positions);
        Assert.Equal([0, 0, 0, 1, 1], row.Segments);
        Assert.Equal([-100, 3, -100, 5, -100], row.Targets);
        Assert.Equal(2, row.TargetCount);
    }

    [Fact]
    public void A_label_on_a_samples_first_token_is_not_predicted_by_the_sample_before() =>
        Assert.Equal([2, -100, -100], PackedRow.From(new TrainingSample([1, 2], [1, 2]), new TrainingSample([3], [3])).Targets);

    private static List<List<int>> SlowPack(int[] lengths, int contextLength)
    {
        List<List<int>> rows = [];
        foreach (var sample in Enumerable.Range(0, lengths.Length))
        {
            var row = rows.FirstOrDefault(r => r.Sum(i => lengths[i]) + lengths[sample] <= contextLength);
            if (row is null)
                rows.Add([sample]);
            else
                row.Add(sample);
        }
        return rows;
    }
}
