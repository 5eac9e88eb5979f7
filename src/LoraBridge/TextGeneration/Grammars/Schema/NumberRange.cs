using System.Globalization;
using System.Numerics;

namespace LoraBridge.TextGeneration.Grammars.Schema;

/// <summary>GBNF for the numbers of a range, digit by digit.</summary>
internal static class NumberRange
{
    private const string Digits = "[0-9]{0,9}";

    private static readonly BigInteger Unbounded = BigInteger.Pow(10, 15) - 1;

    /// <summary>Whole numbers from <paramref name="minimum"/> to <paramref name="maximum"/>; null is some 15 digits away.</summary>
    /// <returns>The expression; null when there is no such number.</returns>
    internal static string? Integers(BigInteger? minimum, BigInteger? maximum)
    {
        var (low, high) = Bounds(minimum, maximum);
        if (low > high)
            return null;
        var alternatives = new List<string>();
        if (low < 0)
            alternatives.Add("\"-\" " + Group(Natural(BigInteger.Max(1, -high), -low)));
        if (high >= 0)
            alternatives.AddRange(Natural(BigInteger.Max(0, low), high));
        return Group(alternatives);
    }

    /// <summary>Decimal numbers between two bounds, without exponent; null is some 15 digits away.</summary>
    /// <returns>The expression; null when there is no such number.</returns>
    internal static string? Decimals(decimal? minimum, bool excludeMinimum, decimal? maximum, bool excludeMaximum)
    {
        var (far, alsoFar) = Bounds(minimum is { } low ? Floor(low) : null, maximum is { } high ? Ceiling(high) : null);
        var lower = minimum is { } value ? new Bound(value, excludeMinimum) : new Bound((decimal)far, false);
        var upper = maximum is { } other ? new Bound(other, excludeMaximum) : new Bound((decimal)alsoFar, false);
        if (lower.Value > upper.Value || (lower.Value == upper.Value && (lower.Excluded || upper.Excluded)))
            return null;
        var alternatives = new List<string>();
        if (lower.Value < 0)
        {
            var smallest = upper.Value < 0 ? upper with { Value = -upper.Value } : new Bound(0, true);
            alternatives.AddRange(Positive(smallest, lower with { Value = -lower.Value }).Select(text => "\"-\" " + text));
        }
        if (upper.Value >= 0)
            alternatives.AddRange(Positive(lower.Value >= 0 ? lower : new Bound(0, false), upper));
        return alternatives.Count == 0 ? null : Group(alternatives);
    }

    private static (BigInteger Low, BigInteger High) Bounds(BigInteger? minimum, BigInteger? maximum)
    {
        // Where only one side is given, the other is as far as a double counts exactly, or a thousandfold.
        var high = maximum ?? BigInteger.Max(Unbounded, (minimum ?? 0) * 1000);
        var low = minimum ?? BigInteger.Min(-Unbounded, high * 1000);
        return (low, high);
    }

    /// <summary>Alternatives for the whole numbers from <paramref name="low"/> to <paramref name="high"/>, neither negative.</summary>
    private static List<string> Natural(BigInteger low, BigInteger high)
    {
        var alternatives = new List<string>();
        var longest = Text(high).Length;
        for (var length = Text(low).Length; length <= longest; length++)
        {
            var power = BigInteger.Pow(10, length - 1);
            var first = BigInteger.Max(low, length == 1 ? 0 : power);
            var last = BigInteger.Min(high, power * 10 - 1);
            alternatives.Add(Between(Text(first), Text(last)));
        }
        return alternatives;
    }

    /// <summary>Digit strings of one length from <paramref name="low"/> to <paramref name="high"/>.</summary>
    private static string Between(ReadOnlySpan<char> low, ReadOnlySpan<char> high)
    {
        if (low.IsEmpty)
            return "";
        if (low.IndexOfAnyExcept('0') < 0 && high.IndexOfAnyExcept('9') < 0)
            return Any(low.Length);
        if (low[0] == high[0])
            return $"{Digit(low[0], low[0])} {Between(low[1..], high[1..])}".TrimEnd();
        var rest = low.Length - 1;
        var alternatives = new List<string>();
        var first = low[0];
        var last = high[0];
        if (low[1..].IndexOfAnyExcept('0') >= 0)
            alternatives.Add($"{Digit(first, first++)} {Between(low[1..], new string('9', rest))}");
        var endsOdd = high[1..].IndexOfAnyExcept('9') >= 0;
        if (endsOdd)
            last--;
        if (first <= last)
            alternatives.Add($"{Digit(first, last)} {Any(rest)}".TrimEnd());
        if (endsOdd)
            alternatives.Add($"{Digit(high[0], high[0])} {Between(new string('0', rest), high[1..])}");
        return Group(alternatives);
    }

    /// <summary>Alternatives for the numbers between two bounds that are not negative.</summary>
    private static IEnumerable<string> Positive(Bound low, Bound high)
    {
        var first = Floor(low.Value);
        var last = Floor(high.Value);
        if (first == last)
        {
            if (SameInteger(low.Fraction, low.Excluded, high.Fraction, high.Excluded) is { } fraction)
                yield return $"{GrammarWriter.Literal(Text(first))} {fraction}";
            yield break;
        }
        yield return $"{GrammarWriter.Literal(Text(first))} {AtLeastWithPoint(low.Fraction, low.Excluded)}";
        if (last - first > 1)
            yield return $"{Group(Natural(first + 1, last - 1))} {AtLeastWithPoint("", excluded: false)}";
        if (AtMostWithPoint(high.Fraction, high.Excluded) is { } top)
            yield return $"{GrammarWriter.Literal(Text(last))} {top}";
    }

    private static string AtLeastWithPoint(string fraction, bool excluded) =>
        fraction.Length == 0 && !excluded ? $"(\".\" [0-9] {Digits})?" : $"\".\" {AtLeast(fraction, excluded)}";

    /// <summary>Digits after the point that are at least <paramref name="fraction"/>, or above it.</summary>
    private static string AtLeast(string fraction, bool excluded)
    {
        if (fraction.Length == 0)
            return excluded ? $"\"0\"{{0,9}} [1-9] {Digits}" : Digits;
        var alternatives = new List<string>();
        if (fraction[0] < '9')
            alternatives.Add($"{Digit((char)(fraction[0] + 1), '9')} {Digits}");
        alternatives.Add($"{Digit(fraction[0], fraction[0])} {AtLeast(fraction[1..], excluded)}");
        return Group(alternatives);
    }

    private static string? AtMostWithPoint(string fraction, bool excluded)
    {
        if (fraction.Length == 0)
            return excluded ? null : "(\".\" \"0\"{1,9})?";
        return $"(\".\" {AtMost(fraction, excluded)})?";
    }

    /// <summary>At least one digit after the point, together at most <paramref name="fraction"/>, or below it.</summary>
    private static string AtMost(string fraction, bool excluded)
    {
        var alternatives = new List<string>();
        if (fraction[0] > '0')
            alternatives.Add($"{Digit('0', (char)(fraction[0] - 1))} {Digits}");
        if (fraction.Length > 1)
            alternatives.Add($"{Digit(fraction[0], fraction[0])} ({AtMost(fraction[1..], excluded)})?");
        else if (!excluded)
            alternatives.Add($"{Digit(fraction[0], fraction[0])} \"0\"{{0,9}}");
        return Group(alternatives);
    }

    /// <summary>Fractions between two bounds that share the whole number in front of the point; null when there are none.</summary>
    private static string? SameInteger(string low, bool lowExcluded, string high, bool highExcluded)
    {
        if (low.Length == 0 && !lowExcluded)
            return AtMostWithPoint(high, highExcluded);
        return BetweenFractions(low, lowExcluded, high, highExcluded) is { } digits ? $"\".\" {digits}" : null;
    }

    /// <summary>At least one digit after the point, between two fractions of which the first is the smaller.</summary>
    private static string? BetweenFractions(string low, bool lowExcluded, string high, bool highExcluded)
    {
        if (high.Length == 0)
            return low.Length == 0 && !lowExcluded && !highExcluded ? "\"0\"{0,9}" : null;
        var first = low.Length > 0 ? low[0] : '0';
        var lowRest = low.Length > 0 ? low[1..] : "";
        var highRest = high[1..];
        if (first == high[0])
        {
            var rest = BetweenFractions(lowRest, lowExcluded, highRest, highExcluded);
            var mayStop = lowRest.Length == 0 && !lowExcluded && (highRest.Length > 0 || !highExcluded);
            return (rest, mayStop) switch
            {
                (null, false) => null,
                (null, true) => Digit(first, first),
                (_, true) => $"{Digit(first, first)} ({rest})?",
                _ => $"{Digit(first, first)} {rest}",
            };
        }
        var alternatives = new List<string> { $"{Digit(first, first)} {AtLeast(lowRest, lowExcluded)}" };
        if (high[0] - first > 1)
            alternatives.Add($"{Digit((char)(first + 1), (char)(high[0] - 1))} {Digits}");
        if (highRest.Length > 0)
            alternatives.Add($"{Digit(high[0], high[0])} ({AtMost(highRest, highExcluded)})?");
        else if (!highExcluded)
            alternatives.Add($"{Digit(high[0], high[0])} \"0\"{{0,9}}");
        return Group(alternatives);
    }

    private static BigInteger Floor(decimal value) => new(decimal.Floor(value));

    private static BigInteger Ceiling(decimal value) => new(decimal.Ceiling(value));

    private static string Text(BigInteger value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Digit(char first, char last) => first == last ? $"\"{first}\"" : $"[{first}-{last}]";

    private static string Any(int count) => count switch { 0 => "", 1 => "[0-9]", _ => $"[0-9]{{{count.ToString(CultureInfo.InvariantCulture)}}}" };

    private static string Group(List<string> alternatives) =>
        alternatives.Count == 1 ? alternatives[0] : $"({string.Join(" | ", alternatives)})";

    /// <param name="Value">Not negative where a fraction is asked for.</param>
    /// <param name="Excluded">Whether the value itself is out of the range.</param>
    private readonly record struct Bound(decimal Value, bool Excluded)
    {
        /// <summary>The digits after the point, without zeros at the end.</summary>
        internal string Fraction
        {
            get
            {
                var text = Value.ToString(CultureInfo.InvariantCulture);
                var point = text.IndexOf('.', StringComparison.Ordinal);
                return point < 0 ? "" : text[(point + 1)..].TrimEnd('0');
            }
        }
    }
}
