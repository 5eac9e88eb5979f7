using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace LoraBridge.Training.Graphs;

/// <summary>The cells [First, End) of a row that one of its tokens sees.</summary>
/// <param name="First">The first cell.</param>
/// <param name="End">One past the last cell.</param>
/// <param name="Bias">Where in <see cref="PositionMask.Biases"/> the numbers begin that are added to the scores of these cells.</param>
internal readonly record struct SeenCells(int First, int End, int Bias)
{
    /// <summary>Words of 32 bits that it takes in a tensor.</summary>
    public const int Words = 3;
}

/// <summary>
/// A recorded mask of attention in which each position sees an interval of positions, its own among them, and what is added to the scores
/// there depends on the distance alone. It is kept by position and by distance instead of by pair, and so in memory that grows with T
/// instead of its square. Causal attention, sliding windows, chunks and ALiBi are like this.
/// </summary>
internal sealed class PositionMask : IEquatable<PositionMask>
{
    private readonly (int First, int End)[] _seen;

    private PositionMask((int First, int End)[] seen, float[]? biases)
    {
        _seen = seen;
        Biases = biases;
        IsCausal = !seen.Index().Any(entry => entry.Item.End > entry.Index + 1);
    }

    /// <summary>Whether no position sees one behind it.</summary>
    public bool IsCausal { get; }

    /// <summary>[2 T - 1] what is added to the score of position j as seen from position i, at j - i + T - 1; null when nothing is.</summary>
    public float[]? Biases { get; }

    /// <summary>Reads a mask [N, T], N cells for T tokens, row by row; null when it is anything else than this can hold exactly.</summary>
    /// <param name="mask">The input of a graph, which may be no mask at all.</param>
    /// <param name="tokens">T; token i of the recorded row stood at position i.</param>
    public static PositionMask? TryRead(TensorPtr mask, int tokens)
    {
        if (mask.Shape is not { Ne2: 1, Ne3: 1 } shape || shape.Ne1 != tokens || shape.Ne0 < tokens)
            return null;
        return mask.Type switch
        {
            GgmlType.F16 => TryRead<ushort>(
                mask, tokens, 0xFC00, (bits, numbers) => TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<ushort, Half>(bits), numbers)),
            GgmlType.F32 => TryRead<uint>(mask, tokens, 0xFF800000, (bits, numbers) => MemoryMarshal.Cast<uint, float>(bits).CopyTo(numbers)),
            _ => null,
        };
    }

    /// <summary>What a token sees of its own sequence.</summary>
    /// <param name="position">The token's position.</param>
    /// <param name="begin">The cell of the row at which the sequence begins, with position 0.</param>
    /// <param name="length">The sequence's tokens, at positions and cells that follow each other.</param>
    public SeenCells Seen(int position, int begin, int length)
    {
        var (first, end) = _seen[position];
        return new SeenCells(begin + first, begin + Math.Min(end, length), DistanceIndex(position, first));
    }

    /// <summary>The mask's number for a pair of positions.</summary>
    public T At<T>(int position, int other) where T : IFloatingPointIeee754<T>
    {
        var (first, end) = _seen[position];
        if (other < first || other >= end)
            return T.NegativeInfinity;
        return Biases is null ? T.Zero : T.CreateTruncating(Biases[DistanceIndex(position, other)]);
    }

    public bool Equals(PositionMask? other) =>
        other is not null && _seen.AsSpan().SequenceEqual(other._seen) && Biases.AsSpan().SequenceEqual(other.Biases);

    public override bool Equals(object? obj) => Equals(obj as PositionMask);

    public override int GetHashCode() => HashCode.Combine(_seen.Length, Biases is null);

    private int DistanceIndex(int position, int other) => other - position + _seen.Length - 1;

    /// <param name="mask">The mask.</param>
    /// <param name="tokens">T.</param>
    /// <param name="hidden">The bits of minus infinity.</param>
    /// <param name="convert">Makes numbers of bits.</param>
    private static PositionMask? TryRead<T>(TensorPtr mask, int tokens, T hidden, Action<T[], float[]> convert) where T : unmanaged, IEquatable<T>
    {
        var line = new T[mask.Ne(0)];
        var seen = new (int First, int End)[tokens];
        var biases = new T[2 * tokens - 1];
        var known = (Start: tokens - 1, End: tokens - 1);
        for (var position = 0; position < tokens; position++)
        {
            mask.Get<T>(line, (long)position * line.Length);
            var (first, end) = (line.IndexOfAnyExcept(hidden), line.LastIndexOfAnyExcept(hidden) + 1);
            if (first < 0 || first > position || end <= position || end > tokens)
                return null;
            seen[position] = (first, end);

            // All intervals hold distance 0, so that what is known by distance is one interval too, and grows at its ends.
            var shift = tokens - 1 - position;
            var (start, stop) = (Math.Max(first + shift, known.Start), Math.Min(end + shift, known.End));
            if (!line.AsSpan(start - shift, stop - start).SequenceEqual(biases.AsSpan(start, stop - start)))
                return null;
            line.AsSpan(first..(start - shift)).CopyTo(biases.AsSpan(first + shift));
            line.AsSpan((stop - shift)..end).CopyTo(biases.AsSpan(stop));
            known = (Math.Min(known.Start, first + shift), Math.Max(known.End, end + shift));
        }

        if (!biases.ContainsAnyExcept(default(T)))
            return new PositionMask(seen, null);
        var numbers = new float[biases.Length];
        convert(biases, numbers);
        return Array.TrueForAll(numbers, float.IsFinite) ? new PositionMask(seen, numbers) : null;
    }
}
