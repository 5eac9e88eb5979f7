using LoraBridge.Formats;

namespace LoraBridge.Adapters.Arithmetic;

/// <summary>The pairs of an adapter as low-rank matrices without their scales; one matrix for each expert.</summary>
internal static class AdapterMatrices
{
    internal static LowRankMatrix[] Read(AdapterSource source, LoraPair pair)
    {
        var (a, b) = (source.ReadFloats(pair.A), source.ReadFloats(pair.B));
        var experts = checked((int)pair.Experts);
        var matrices = new LowRankMatrix[experts];
        for (var e = 0; e < experts; e++)
        {
            var partOfA = Part(a, e, experts);
            var partOfB = Part(b, e, experts);
            // A of an embedding lies like B: rows of rank values.
            var (left, right) = pair.IsTokenEmbedding
                ? (Interleaved(partOfA, pair.Rank), Interleaved(partOfB, pair.Rank))
                : (Interleaved(partOfB, pair.Rank), Consecutive(partOfA, pair.Rank));
            matrices[e] = new LowRankMatrix(left, right);
        }

        return matrices;
    }

    /// <summary>A and B of matrices, as <see cref="LoraPair"/> lays them out.</summary>
    internal static (float[] A, float[] B) Write(string target, IReadOnlyList<LowRankMatrix> matrices) => LoraPair.IsFlipped(target)
        ? (Interleave(matrices, matrix => matrix.Left), Interleave(matrices, matrix => matrix.Right))
        : ([.. matrices.SelectMany(matrix => matrix.Right).SelectMany(row => row).Select(x => (float)x)], Interleave(matrices, matrix => matrix.Left));

    private static ReadOnlySpan<float> Part(float[] values, int index, int count) =>
        values.AsSpan(index * (values.Length / count), values.Length / count);

    private static double[][] Consecutive(ReadOnlySpan<float> values, int rank)
    {
        var length = values.Length / rank;
        var vectors = new double[rank][];
        for (var r = 0; r < rank; r++)
        {
            vectors[r] = new double[length];
            for (var i = 0; i < length; i++)
                vectors[r][i] = values[r * length + i];
        }

        return vectors;
    }

    private static double[][] Interleaved(ReadOnlySpan<float> values, int rank)
    {
        var length = values.Length / rank;
        var vectors = new double[rank][];
        for (var r = 0; r < rank; r++)
        {
            vectors[r] = new double[length];
            for (var i = 0; i < length; i++)
                vectors[r][i] = values[i * rank + r];
        }

        return vectors;
    }

    private static float[] Interleave(IReadOnlyList<LowRankMatrix> matrices, Func<LowRankMatrix, double[][]> factor)
    {
        var values = new List<float>();
        foreach (var matrix in matrices)
        {
            var vectors = factor(matrix);
            for (var i = 0; i < vectors[0].Length; i++)
                foreach (var vector in vectors)
                    values.Add((float)vector[i]);
        }

        return [.. values];
    }
}
