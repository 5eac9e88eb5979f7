using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LoraBridge.Native.Code;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// How integers of a row of A, or of a panel of B, lie in words of 32 bits for what multiplies them. They come in pairs, as <see cref="FixedPointPanel"/>
/// packs them: a row of A as [k / 2], B in tiles of [k / 2][32].
/// </summary>
internal static class WordLayout
{
    /// <summary>Planes of numbers in halves: upper halves, sums of both, lower halves.</summary>
    public const int Planes = 3;

    private const int Tile = ProductTile.Columns;

    /// <summary>Words that <paramref name="height"/> numbers of a row or a column take.</summary>
    public static int Words(TileElement element, int height) => element switch
    {
        TileElement.Int16 => (height + 1) / 2,
        TileElement.Int8 => (height + 3) / 4,
        TileElement.SignedInt8 => Fours(height),
        _ => Planes * Fours(height),
    };

    /// <summary>Packs a row of A.</summary>
    /// <param name="element">How.</param>
    /// <param name="pairs">Its numbers, with zeros behind up to 256.</param>
    /// <param name="words">As many as they take.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackRow(TileElement element, ReadOnlySpan<int> pairs, Span<int> words)
    {
        var numbers = MemoryMarshal.Cast<int, short>(pairs);
        var bytes = MemoryMarshal.Cast<int, sbyte>(words);
        switch (element)
        {
            case TileElement.Int16:
                pairs[..words.Length].CopyTo(words);
                break;
            case TileElement.Int8:
                var n = 0;
                for (; n + 16 <= bytes.Length; n += 16)
                    (Vector128.Narrow(Vector128.Create(numbers[n..]), Vector128.Create(numbers[(n + 8)..])) ^ Vector128.Create(sbyte.MinValue)).CopyTo(bytes[n..]);
                for (; n < bytes.Length; n++)
                    bytes[n] = (sbyte)(numbers[n] + 128);
                break;
            case TileElement.SignedInt8:
                for (var i = 0; i < bytes.Length; i += 16)
                    Vector128.Narrow(Vector128.Create(numbers[i..]), Vector128.Create(numbers[(i + 8)..])).CopyTo(bytes[i..]);
                break;
            default:
                var plane = bytes.Length / Planes;
                for (var i = 0; i < plane; i += 16)
                {
                    var (first, second) = (Halves.Of(Vector128.Create(numbers[i..])), Halves.Of(Vector128.Create(numbers[(i + 8)..])));
                    Vector128.Narrow(first.Upper, second.Upper).CopyTo(bytes[i..]);
                    Vector128.Narrow(first.Sum, second.Sum).CopyTo(bytes[(plane + i)..]);
                    Vector128.Narrow(first.Lower, second.Lower).CopyTo(bytes[(2 * plane + i)..]);
                }
                break;
        }
    }

    /// <summary>Packs a panel of B.</summary>
    /// <param name="element">How.</param>
    /// <param name="packed">Its tiles.</param>
    /// <param name="height">Rows.</param>
    /// <param name="padded">Columns, whole tiles.</param>
    /// <param name="panel">Where its words go, and where its sums start.</param>
    /// <param name="narrowing">What makes numbers fit bytes without sign on the left: they are multiplied by it, and rounded. 1 where they fit.</param>
    public static void PackPanel(TileElement element, ReadOnlySpan<int> packed, int height, int padded, Panel panel, float narrowing = 1)
    {
        switch (element)
        {
            case TileElement.Int16:
                packed.CopyTo(panel.Words);
                break;
            case TileElement.Int8:
                PackBytes(packed, (height + 1) / 2, padded, panel, narrowing);
                break;
            default:
                PackSignedBytes(element, packed, (height + 1) / 2, Fours(height), padded, panel.Words);
                break;
        }
    }

    /// <summary>Fours of numbers, themselves in fours.</summary>
    private static int Fours(int height) => (height + 15) / 16 * 4;

    /// <summary>Tiles of pairs become tiles of fours. What the 128 in each byte of the left factor adds is taken off where sums start.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackBytes(ReadOnlySpan<int> packed, int pairs, int padded, Panel panel, float narrowing)
    {
        const int Lanes = 8;
        var fours = (pairs + 1) / 2;
        var (byTurns, one) = (Vector256.Create(Vector128.Create((byte)0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15)), Vector256.Create((byte)1));
        var (narrows, multiplier) = (narrowing != 1, PanelPacking.Multiplier(narrowing != 1 ? narrowing : 0));
        for (var n = 0; n < padded; n += Lanes)
        {
            var from = packed.Slice(n / Tile * pairs * Tile, pairs * Tile);
            var to = panel.Words.Slice(n / Tile * fours * Tile, fours * Tile);
            var sum = Vector256<int>.Zero;
            for (var four = 0; four < fours; four++)
            {
                var first = Vector256.Create(from.Slice(2 * four * Tile + n % Tile, Lanes));
                var other = 2 * four + 1 < pairs ? Vector256.Create(from.Slice((2 * four + 1) * Tile + n % Tile, Lanes)) : Vector256<int>.Zero;
                if (narrows)
                {
                    first = VectorInstructions.MultiplyHighRounded(first.AsInt16(), multiplier).AsInt32();
                    other = VectorInstructions.MultiplyHighRounded(other.AsInt16(), multiplier).AsInt32();
                }
                var bytes = Avx2.Shuffle(Avx2.PackSignedSaturate(first.AsInt16(), other.AsInt16()).AsByte(), byTurns);
                bytes.AsInt32().CopyTo(to[(four * Tile + n % Tile)..]);
                sum += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(one, bytes.AsSByte()), Vector256.Create((short)1));
            }
            (sum * -128).CopyTo(panel.Starts[n..]);
        }
    }

    /// <summary>Tiles of pairs become tiles of fours, plane after plane where numbers are parted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackSignedBytes(TileElement element, ReadOnlySpan<int> packed, int pairs, int fours, int padded, Span<int> words)
    {
        const int Lanes = 4;
        var plane = fours * Tile;
        var size = element == TileElement.SignedInt8 ? plane : Planes * plane;
        for (var n = 0; n < padded; n += Lanes)
        {
            var from = packed.Slice(n / Tile * pairs * Tile, pairs * Tile)[(n % Tile)..];
            var to = words.Slice(n / Tile * size, size)[(n % Tile)..];
            for (var four = 0; four < fours; four++)
            {
                var (even, odd, at) = (Pair(from, 2 * four), Pair(from, 2 * four + 1), four * Tile);
                if (element == TileElement.SignedInt8)
                {
                    Join(even, odd).CopyTo(to[at..]);
                    continue;
                }
                var (first, second) = (Halves.Of(even), Halves.Of(odd));
                Join(first.Upper, second.Upper).CopyTo(to[at..]);
                Join(first.Sum, second.Sum).CopyTo(to[(plane + at)..]);
                Join(first.Lower, second.Lower).CopyTo(to[(2 * plane + at)..]);
            }
        }

        Vector128<short> Pair(ReadOnlySpan<int> from, int pair) =>
            pair < pairs ? Vector128.Create(from.Slice(pair * Tile, Lanes)).AsInt16() : Vector128<short>.Zero;
    }

    /// <summary>Fours of bytes of two pairs each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Join(Vector128<short> even, Vector128<short> odd) =>
        Vector128.Shuffle(Vector128.Narrow(even, odd), Vector128.Create(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15)).AsInt32();

    /// <summary>x = 64 h + l with h to 45, l from -32 to 31, and so their sum in 8 bits.</summary>
    private readonly record struct Halves(Vector128<short> Upper, Vector128<short> Sum, Vector128<short> Lower)
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Halves Of(Vector128<short> numbers)
        {
            var upper = (numbers + Vector128.Create((short)32)) >> 6;
            var lower = numbers - (upper << 6);
            return new Halves(upper, upper + lower, lower);
        }
    }
}
