namespace LoraBridge.Training;

/// <summary>
/// The random numbers of a row in training: what dropout drops, and the noise on embeddings. They follow from the seed and the row's
/// place alone, so that a layer that is computed again meets the same ones, and so does a resumed training.
/// </summary>
/// <param name="seed">Of the training.</param>
/// <param name="dropout">p, with which an input of an adapter's A counts as zero.</param>
/// <param name="embeddingNoise">α of NEFTune.</param>
internal sealed class RowNoise(ulong seed, float dropout, float embeddingNoise)
{
    /// <summary>Apart from the streams of the epochs' shuffles.</summary>
    private const ulong Purpose = 0x6E6F_6973_6500_0000;

    private int[] _sequenceLengths = [];
    private ulong _key;

    public float Dropout => dropout;

    public float EmbeddingNoise => embeddingNoise;

    /// <summary>For each token of the row, the length of the sequence that it belongs to.</summary>
    public ReadOnlySpan<int> SequenceLengths => _sequenceLengths;

    /// <summary>Turns to a row, before it is computed.</summary>
    /// <param name="step">The update, from 0.</param>
    /// <param name="row">The row's number in it.</param>
    /// <param name="sequences">Number of the sequence that each token of the row belongs to.</param>
    public void Begin(int step, int row, ReadOnlySpan<int> sequences)
    {
        _key = Mix(Mix(Mix(seed ^ Purpose) + (ulong)step) + (ulong)row);
        if (_sequenceLengths.Length != sequences.Length)
            _sequenceLengths = new int[sequences.Length];
        for (var start = 0; start < sequences.Length;)
        {
            var length = sequences[start..].IndexOfAnyExcept(sequences[start]);
            if (length < 0)
                length = sequences.Length - start;
            _sequenceLengths.AsSpan(start, length).Fill(length);
            start += length;
        }
    }

    /// <summary>The key of one use of this row's numbers.</summary>
    public ulong Key(ulong stream) => Mix(_key ^ Mix(stream));

    /// <summary>64 random bits: the <paramref name="index"/>th of a key, wherever a thread begins (SplitMix64).</summary>
    public static ulong Bits(ulong key, long index) => Mix(key + (ulong)index * 0x9E37_79B9_7F4A_7C15);

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}
