using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning.Runs;

/// <summary>The rows of a model's training, checked: what is out of range would end the process in native code.</summary>
internal static class PretrainingRows
{
    /// <exception cref="ArgumentException">There are no rows, one is longer than the context, or a token is not in the vocabulary.</exception>
    public static List<PackedRow> Pack(IReadOnlyList<IReadOnlyList<(int[] InputIds, int[] Labels)>> rows, int contextLength, GgufModelFiles model)
    {
        if (rows.Count == 0)
            throw new ArgumentException("There are no rows to train on.", nameof(rows));
        var embedding = model.Find(TensorNames.TokenEmbedding)
            ?? throw new NotSupportedException($"The model has no {TensorNames.TokenEmbedding}, so it cannot be trained in full.");
        var vocabulary = embedding.Info.Shape[1];
        var packed = new List<PackedRow>(rows.Count);
        foreach (var row in rows)
        {
            var where = $"row {packed.Count + 1}";
            var length = row.Sum(sample => sample.InputIds.Length);
            if (length == 0 || length > contextLength)
                throw new ArgumentException($"{where} has {length} tokens, expected 1 to {contextLength}.", nameof(rows));
            foreach (var (tokens, labels) in row)
                Check(tokens, labels, vocabulary, where);
            packed.Add(PackedRow.From([.. row.Select(sample => new TrainingSample(sample.InputIds, sample.Labels))]));
        }
        return packed;
    }

    private static void Check(int[] tokens, int[] labels, long vocabulary, string where)
    {
        if (tokens.Length != labels.Length)
            throw new ArgumentException($"{where} has a sample of {tokens.Length} tokens and {labels.Length} labels, expected as many.", nameof(labels));
        foreach (var token in tokens.Concat(labels.Where(label => label != TrainingSample.Ignored)))
        {
            if (token < 0 || token >= vocabulary)
                throw new ArgumentException($"{where} has token {token}, the vocabulary has 0 to {vocabulary - 1}.", nameof(tokens));
        }
    }
}
