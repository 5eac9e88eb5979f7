using LoraBridge.Finetuning;

namespace LoraBridge.Training.Batching;

/// <summary>Samples side by side in one row of at most the context length; T is the number of its tokens.</summary>
/// <param name="Tokens">[T] the tokens.</param>
/// <param name="Positions">[T] each token's position in its own sample: it restarts at 0.</param>
/// <param name="Segments">[T] which sample of the row a token belongs to; attention stays inside a segment.</param>
/// <param name="Targets">[T] the token to predict after each one, or <see cref="TrainingSample.Ignored"/>; never one of another segment.</param>
internal sealed record PackedRow(int[] Tokens, int[] Positions, int[] Segments, int[] Targets)
{
    public int Length => Tokens.Length;

    public int TargetCount => Targets.Count(target => target != TrainingSample.Ignored);

    public static PackedRow From(params IReadOnlyList<TrainingSample> samples)
    {
        var length = samples.Sum(sample => sample.Tokens.Length);
        var row = new PackedRow(new int[length], new int[length], new int[length], new int[length]);
        var offset = 0;
        for (var segment = 0; segment < samples.Count; segment++)
        {
            row.Write(samples[segment], segment, offset);
            offset += samples[segment].Tokens.Length;
        }
        return row;
    }

    private void Write(TrainingSample sample, int segment, int offset)
    {
        var length = sample.Tokens.Length;
        sample.Tokens.CopyTo(Tokens, offset);
        Segments.AsSpan(offset, length).Fill(segment);
        for (var i = 0; i < length; i++)
        {
            Positions[offset + i] = i;
            Targets[offset + i] = i + 1 < length ? sample.Labels[i + 1] : TrainingSample.Ignored;
        }
    }
}
