using System.Text;

namespace LoraBridge.TextGeneration.Grammars;

/// <summary>Turns ranges of code points into sequences of ranges of bytes, so that a grammar works on the bytes of tokens.</summary>
/// <remarks>The split is the one of Russ Cox's RE2: only well-formed UTF-8 comes out, no overlong forms and no surrogates.</remarks>
internal static class Utf8Ranges
{
    private static readonly int[] LastOfLength = [0x7F, 0x7FF, 0xFFFF, 0x10FFFF];

    /// <summary>The sequences of byte ranges, one to four long, that together encode exactly <paramref name="range"/>.</summary>
    internal static IEnumerable<(byte Low, byte High)[]> Of(CodePointRange range)
    {
        var pending = new Stack<CodePointRange>([range]);
        while (pending.TryPop(out var current))
        {
            if (SplitPoint(current) is { } last)
            {
                pending.Push(current with { First = last + 1 });
                pending.Push(current with { Last = last });
                continue;
            }
            yield return Encode(current);
        }
    }

    /// <summary>Where a range must be cut so that its ends encode to byte sequences that differ in whole blocks; null when they do.</summary>
    private static int? SplitPoint(CodePointRange range)
    {
        foreach (var last in LastOfLength)
        {
            if (range.First <= last && last < range.Last)
                return last;
        }
        if (range.Last <= 0x7F)
            return null;
        for (var continuation = 1; continuation < 4; continuation++)
        {
            var mask = (1 << (6 * continuation)) - 1;
            if ((range.First & ~mask) == (range.Last & ~mask))
                break;
            if ((range.First & mask) != 0)
                return range.First | mask;
            if ((range.Last & mask) != mask)
                return (range.Last & ~mask) - 1;
        }
        return null;
    }

    private static (byte Low, byte High)[] Encode(CodePointRange range)
    {
        Span<byte> low = stackalloc byte[4];
        Span<byte> high = stackalloc byte[4];
        var length = new Rune(range.First).EncodeToUtf8(low);
        new Rune(range.Last).EncodeToUtf8(high);
        var result = new (byte, byte)[length];
        for (var i = 0; i < length; i++)
            result[i] = (low[i], high[i]);
        return result;
    }
}
