using LoraBridge.Finetuning;
using LoraBridge.Native;
using LoraBridge.Training.Batching;

namespace LoraBridge.Training;

/// <summary>A packed row filled up to the length that the graph computes with, and the predictions in it that count.</summary>
/// <param name="Tokens">[T] the tokens.</param>
/// <param name="Positions">[T] each token's position in its sequence.</param>
/// <param name="Segments">[T] which sequence of the row a token belongs to.</param>
/// <param name="Targets">The predictions that count.</param>
internal sealed record TrainingRow(int[] Tokens, int[] Positions, int[] Segments, LossTarget[] Targets)
{
    /// <param name="row">At most <paramref name="length"/> tokens.</param>
    /// <param name="length">T of the graph.</param>
    /// <param name="tokenWeight">Weight of each prediction in the loss.</param>
    public static TrainingRow From(PackedRow row, int length, float tokenWeight)
    {
        if (row.Length > length)
            throw new ArgumentException($"A row of {row.Length} tokens does not fit the graph's {length}.", nameof(row));
        var (tokens, positions, segments) = (new int[length], new int[length], new int[length]);
        row.Tokens.CopyTo(tokens, 0);
        row.Positions.CopyTo(positions, 0);
        row.Segments.CopyTo(segments, 0);

        // The rest is a sequence of its own, which no other attends to and whose predictions do not count.
        for (var i = row.Length; i < length; i++)
            (positions[i], segments[i]) = (i - row.Length, -1);
        LossTarget[] targets =
        [
            .. row.Targets.Select((target, index) => new LossTarget(index, target, tokenWeight))
                .Where(target => target.Target != TrainingSample.Ignored),
        ];
        return new TrainingRow(tokens, positions, segments, targets);
    }

    /// <summary>One sequence of random tokens whose every prediction counts.</summary>
    public static TrainingRow Random(LlamaModelHandle model, int length, ulong seed)
    {
        var random = new SeededRandom(seed);
        var vocabulary = Llama.llama_vocab_n_tokens(Llama.llama_model_get_vocab(model.Pointer));
        int[] tokens = [.. Enumerable.Range(0, length).Select(_ => random.Next(vocabulary))];
        LossTarget[] targets = [.. Enumerable.Range(0, length - 1).Select(i => new LossTarget(i, tokens[i + 1], 1f / (length - 1)))];
        return new TrainingRow(tokens, [.. Enumerable.Range(0, length)], new int[length], targets);
    }
}

/// <summary>A prediction that counts: the logits of one token of a row are compared with the token that follows.</summary>
/// <param name="Row">Which token of the row makes the prediction.</param>
/// <param name="Target">The token id that follows it.</param>
/// <param name="Weight">Factor of its cross entropy in the loss.</param>
internal readonly record struct LossTarget(int Row, int Target, float Weight);
