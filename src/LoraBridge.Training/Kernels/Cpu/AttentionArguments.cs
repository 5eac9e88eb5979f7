using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>How attention weighs.</summary>
/// <param name="Scale">What products of keys and queries are multiplied by.</param>
/// <param name="MaxBias">Of the slopes that the heads multiply the mask by; 0 for none. Press et al. (ALiBi), <see href="https://arxiv.org/abs/2108.12409"/>.</param>
/// <param name="SoftCap">c in c tanh(s / c), which bounds scores s; 0 for none.</param>
/// <param name="RoundsToHalf">Whether keys and values are rounded to F16, as llama.cpp does; gradients take no notice.</param>
internal readonly record struct AttentionOptions(float Scale, float MaxBias = 0, float SoftCap = 0, bool RoundsToHalf = false)
{
    /// <summary>Whether there is a mask, behind q, k and v.</summary>
    public bool HasMask { get; init; }

    /// <summary>What a mask of intervals adds to scores, by distance (<see cref="PositionMask.Biases"/>); null for nothing.</summary>
    public float[]? Biases { get; init; }

    /// <summary>Whether there are sinks, behind those.</summary>
    public bool HasSinks { get; init; }

    public int SourceCount => 3 + (HasMask ? 1 : 0) + (HasSinks ? 1 : 0);

    public int SinksSource => SourceCount - 1;

    /// <summary>What queries are multiplied by before they meet keys.</summary>
    public float QueryFactor => SoftCap == 0 ? Scale : Scale / SoftCap;
}

/// <summary>One query head of one sequence.</summary>
/// <param name="Index">Of the head.</param>
/// <param name="Sequence">Of the sequence.</param>
/// <param name="Group">Of the keys and values, counted through all sequences.</param>
internal readonly record struct AttentionHead(int Index, int Sequence, int Group);

/// <summary>The arguments of attention, which are the first sources of <paramref name="result"/>: q [K, T, H, S], k [K, N, G, S], v [D, N, G, S], mask, sinks.</summary>
internal readonly struct AttentionArguments(TensorPtr result, AttentionOptions options)
{
    private readonly TensorPtr _queries = result.Source(0);
    private readonly TensorPtr _keys = result.Source(1);
    private readonly TensorPtr _values = result.Source(2);

    public AttentionOptions Options => options;

    public TensorPtr Mask => options.HasMask ? result.Source(3) : default;

    /// <summary>K.</summary>
    public int KeyLength => (int)_keys.Ne(0);

    /// <summary>D.</summary>
    public int ValueLength => (int)_values.Ne(0);

    /// <summary>T.</summary>
    public int Tokens => (int)_queries.Ne(1);

    /// <summary>N.</summary>
    public int Cells => (int)_keys.Ne(1);

    /// <summary>N in whole tiles.</summary>
    public int PaddedCells => TilePacking.Padded(Cells);

    /// <summary>H.</summary>
    public int Heads => (int)_queries.Ne(2);

    /// <summary>G.</summary>
    public int Groups => (int)_keys.Ne(2);

    /// <summary>S.</summary>
    public int Sequences => (int)_queries.Ne(3);

    /// <summary>Distances between rows, in elements.</summary>
    public int QueryStride => Stride(_queries);

    /// <inheritdoc cref="QueryStride"/>
    public int KeyStride => Stride(_keys);

    /// <inheritdoc cref="QueryStride"/>
    public int ValueStride => Stride(_values);

    /// <summary>Head number <paramref name="index"/> of all sequences' heads.</summary>
    public AttentionHead Head(long index)
    {
        var (sequence, head) = Math.DivRem((int)index, Heads);
        return new AttentionHead(head, sequence, sequence * Groups + head / (Heads / Groups));
    }

    public ReadOnlySpan<float> Queries(AttentionHead head) => Matrix(_queries, head.Index, head.Sequence);

    public ReadOnlySpan<float> Keys(AttentionHead head) => Matrix(_keys, head.Group % Groups, head.Sequence);

    public ReadOnlySpan<float> Values(AttentionHead head) => Matrix(_values, head.Group % Groups, head.Sequence);

    /// <summary>Rounds keys or values to F16, where that is asked for.</summary>
    public void Round(Span<float> numbers)
    {
        if (!options.RoundsToHalf)
            return;
        Span<Half> rounded = stackalloc Half[1024];
        for (; !numbers.IsEmpty; numbers = numbers[Math.Min(rounded.Length, numbers.Length)..])
        {
            var piece = numbers[..Math.Min(rounded.Length, numbers.Length)];
            TensorPrimitives.ConvertToHalf(piece, rounded);
            TensorPrimitives.ConvertToSingle(rounded[..piece.Length], piece);
        }
    }

    /// <summary>The logit of a head's sink; minus infinity for none.</summary>
    public float Sink(AttentionHead head) => options.HasSinks ? result.Source(options.SinksSource).HostSpan<float>(head.Index, 1)[0] : float.NegativeInfinity;

    /// <summary>What a head multiplies the mask by.</summary>
    public float Slope(AttentionHead head)
    {
        if (options.MaxBias == 0)
            return 1;
        var powers = 1 << (int)Math.Log2(Heads);
        return head.Index < powers
            ? MathF.Pow(2, -options.MaxBias * (head.Index + 1) / powers)
            : MathF.Pow(2, -options.MaxBias / 2 * (2 * (head.Index - powers) + 1) / powers);
    }

    /// <summary>Where the result of a token is in [D, H, T, S], in elements.</summary>
    public long ResultOffset(AttentionHead head, int token) => (((long)head.Sequence * Tokens + token) * Heads + head.Index) * ValueLength;

    /// <summary>Pairs of a query and a cell that it sees, over all heads.</summary>
    public long VisiblePairs()
    {
        using var mask = new MaskRows(this);
        var pairs = 0L;
        for (var i = 0L; i < (long)Heads * Sequences; i++)
        {
            mask.Select(Head(i));
            for (var token = 0; token < Tokens; token++)
                pairs += mask[token].Count;
        }
        return pairs;
    }

    private static int Stride(TensorPtr tensor) => (int)(tensor.Nb(1) / sizeof(float));

    private static ReadOnlySpan<float> Matrix(TensorPtr tensor, long i2, long i3)
    {
        var bytes = (tensor.Ne(1) - 1) * tensor.Nb(1) + tensor.Ne(0) * sizeof(float);
        return MemoryMarshal.Cast<byte, float>(tensor.HostBytes(i2 * tensor.Nb(2) + i3 * tensor.Nb(3), checked((int)bytes)));
    }
}
