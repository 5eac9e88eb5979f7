namespace LoraBridge.Training.Batching;

/// <summary>
/// Tokens with the label of each: the token itself where it counts, <see cref="Ignored"/> where it does not. Labels stand beside their
/// token; that a token is predicted from the ones before it is the trainer's business, so the first label is always ignored.
/// </summary>
internal sealed record TrainingSample(int[] Tokens, int[] Labels)
{
    /// <summary>The label of a token that is not trained on.</summary>
    public const int Ignored = -100;

    public int TargetCount => Labels.Count(label => label != Ignored);

    /// <summary>Counts the tokens in a range, and never the first of all: nothing predicts it.</summary>
    public static TrainingSample Counting(int[] tokens, params ReadOnlySpan<Range> ranges)
    {
        var labels = new int[tokens.Length];
        Array.Fill(labels, Ignored);
        foreach (var range in ranges)
            tokens.AsSpan(range).CopyTo(labels.AsSpan(range));
        if (labels.Length > 0)
            labels[0] = Ignored;
        return new TrainingSample(tokens, labels);
    }

    /// <summary>This sample with some of its tokens not counted.</summary>
    public TrainingSample Ignoring(params ReadOnlySpan<Range> ranges)
    {
        var labels = Labels.ToArray();
        foreach (var range in ranges)
            labels.AsSpan(range).Fill(Ignored);
        return this with { Labels = labels };
    }

    /// <summary>A part of this sample whose first token is context only.</summary>
    public TrainingSample Part(int start, int length)
    {
        var labels = Labels.AsSpan(start, length).ToArray();
        labels[0] = Ignored;
        return new TrainingSample(Tokens.AsSpan(start, length).ToArray(), labels);
    }
}
