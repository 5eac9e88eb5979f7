namespace LoraBridge.TextGeneration.Grammars;

/// <summary>Code points from <paramref name="First"/> to <paramref name="Last"/>, both included.</summary>
internal readonly record struct CodePointRange(int First, int Last)
{
    private const int FirstSurrogate = 0xD800;
    private const int LastSurrogate = 0xDFFF;
    private const int Maximum = 0x10FFFF;

    /// <summary>Everything that UTF-8 can encode.</summary>
    internal static IReadOnlyList<CodePointRange> All { get; } = [new(0, FirstSurrogate - 1), new(LastSurrogate + 1, Maximum)];

    /// <summary>Sorts ranges and joins those that touch; surrogates, which no text has, are left out.</summary>
    internal static IReadOnlyList<CodePointRange> Normalize(IEnumerable<CodePointRange> ranges)
    {
        var result = new List<CodePointRange>();
        foreach (var range in ranges.SelectMany(WithoutSurrogates).OrderBy(range => range.First))
        {
            if (result.Count > 0 && range.First <= result[^1].Last + 1)
                result[^1] = result[^1] with { Last = Math.Max(result[^1].Last, range.Last) };
            else
                result.Add(range);
        }
        return result;
    }

    /// <summary>Everything but some normalized ranges.</summary>
    internal static IReadOnlyList<CodePointRange> Complement(IReadOnlyList<CodePointRange> ranges)
    {
        var result = new List<CodePointRange>();
        var next = 0;
        foreach (var range in ranges)
        {
            if (range.First > next)
                result.Add(new CodePointRange(next, range.First - 1));
            next = range.Last + 1;
        }
        if (next <= Maximum)
            result.Add(new CodePointRange(next, Maximum));
        return Normalize(result);
    }

    private static IEnumerable<CodePointRange> WithoutSurrogates(CodePointRange range)
    {
        if (range.First < FirstSurrogate)
            yield return range with { Last = Math.Min(range.Last, FirstSurrogate - 1) };
        if (range.Last > LastSurrogate)
            yield return range with { First = Math.Max(range.First, LastSurrogate + 1) };
    }
}
