using System.Globalization;
using System.Text;

namespace LoraBridge.TextGeneration.Grammars.Schema;

/// <summary>Turns the regular part of a regular expression into GBNF for the inside of a JSON string.</summary>
/// <remarks>
/// Literals, classes, <c>\d \w \s</c> and their opposites, groups, alternatives, repetitions, and anchors at the ends. What the shorthand
/// classes mean differs between engines: the grammar writes the characters that all of them agree on.
/// </remarks>
internal sealed class PatternGrammar
{
    private static readonly IReadOnlyList<CodePointRange> Printable = [new(' ', '~')];
    private static readonly IReadOnlyList<CodePointRange> Digit = [new('0', '9')];
    private static readonly IReadOnlyList<CodePointRange> Word = [new('0', '9'), new('A', 'Z'), new('_', '_'), new('a', 'z')];
    private static readonly IReadOnlyList<CodePointRange> Space = [new(' ', ' ')];

    private readonly string _pattern;
    private readonly SchemaNode _schema;
    private int _position;
    private int _depth;

    private PatternGrammar(string pattern, SchemaNode schema) => (_pattern, _schema) = (pattern, schema);

    /// <param name="pattern">The regular expression.</param>
    /// <param name="schema">Whose it is, for messages.</param>
    /// <param name="character">The rule of any character, for where the pattern is not anchored.</param>
    /// <exception cref="GrammarException">The pattern uses something that is not supported; the message says what, and where.</exception>
    internal static string Convert(string pattern, SchemaNode schema, string character)
    {
        var parser = new PatternGrammar(pattern, schema);
        var alternatives = new List<string>();
        do
        {
            var anchoredStart = parser.TryTake('^');
            var body = parser.ParseSequence();
            var anchoredEnd = parser.TryTake('$');
            alternatives.Add($"{(anchoredStart ? "" : character + "* ")}{body}{(anchoredEnd ? "" : $" {character}*")}".Trim());
        }
        while (parser.TryTake('|'));
        if (parser._position < pattern.Length)
            throw parser.Fault($"'{parser.Current}' is not expected");
        return string.Join(" | ", alternatives.Select(alternative => alternative.Length == 0 ? "\"\"" : alternative));
    }

    private char Current => _position < _pattern.Length ? _pattern[_position] : '\0';

    private bool IsAtEnd => _position >= _pattern.Length;

    private string ParseAlternatives()
    {
        var alternatives = new List<string>();
        do
            alternatives.Add(ParseSequence());
        while (TryTake('|'));
        return $"({string.Join(" | ", alternatives.Select(alternative => alternative.Length == 0 ? "\"\"" : alternative))})";
    }

    private string ParseSequence()
    {
        var text = new StringBuilder();
        while (!IsAtEnd && Current is not ('|' or ')' or '$'))
        {
            if (text.Length > 0)
                text.Append(' ');
            text.Append(ParseAtom()).Append(ParseQuantifier());
        }
        return text.ToString();
    }

    private string ParseAtom()
    {
        switch (Current)
        {
            case '(':
                return ParseGroup();
            case '[':
                return Characters(ParseClass());
            case '.':
                _position++;
                return Characters(CodePointRange.Complement([new('\n', '\n'), new('\r', '\r'), new(0x2028, 0x2029)]));
            case '\\':
                return ParseEscape();
            case '^':
                throw Fault("'^' is supported at the start only");
            case '*' or '+' or '?' or '{':
                throw Fault($"'{Current}' has nothing to repeat");
            default:
                return Characters([Single(TakeRune())]);
        }
    }

    private string ParseGroup()
    {
        if (++_depth > 50)
            throw Fault("groups are nested too deep");
        _position++;
        if (Current == '?')
        {
            _position++;
            if (!TryTake(':'))
                throw Fault("groups that start with '(?' are not supported, but for '(?:'");
        }
        var group = ParseAlternatives();
        if (!TryTake(')'))
            throw Fault(Current == '$' ? "'$' is supported at the end only" : "')' is expected");
        _depth--;
        return group;
    }

    private string ParseEscape()
    {
        if (TryShorthand() is { } shorthand)
            return Characters(shorthand);
        return Characters([Single(TakeEscape())]);
    }

    private IReadOnlyList<CodePointRange> ParseClass()
    {
        _position++;
        var negated = TryTake('^');
        var within = CodePointRange.All;
        var ranges = new List<CodePointRange>();
        while (Current != ']')
        {
            if (IsAtEnd)
                throw Fault("']' is expected");
            if (Current == '\\' && TryShorthand() is { } shorthand)
            {
                ranges.AddRange(shorthand);
                within = Printable;
                continue;
            }
            var first = TakeClassCharacter();
            var last = first;
            if (Current == '-' && _position + 1 < _pattern.Length && _pattern[_position + 1] != ']')
            {
                _position++;
                last = TakeClassCharacter();
            }
            if (last < first)
                throw Fault("the range ends before it starts");
            ranges.Add(new CodePointRange(first, last));
        }
        _position++;
        var normalized = CodePointRange.Normalize(ranges);
        return negated ? Intersect(CodePointRange.Complement(normalized), within) : normalized;
    }

    private IReadOnlyList<CodePointRange>? TryShorthand()
    {
        if (_position + 1 >= _pattern.Length)
            return null;
        var ranges = _pattern[_position + 1] switch
        {
            'd' => Digit,
            'w' => Word,
            's' => Space,
            'D' => Except(Digit),
            'W' => Except(Word),
            'S' => Except(Space),
            _ => null,
        };
        if (ranges is not null)
            _position += 2;
        return ranges;
    }

    private int TakeClassCharacter() => Current == '\\' ? TakeEscape() : TakeRune();

    private int TakeEscape()
    {
        _position++;
        var escape = Current;
        _position++;
        return escape switch
        {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\f',
            'x' => TakeHexadecimal(2),
            'u' => TakeHexadecimal(4),
            '\0' => throw Fault("an escape is not finished"),
            _ when char.IsAsciiLetterOrDigit(escape) => throw Fault($"the escape '\\{escape}' is not supported"),
            _ => escape,
        };
    }

    private int TakeHexadecimal(int digits)
    {
        if (_position + digits > _pattern.Length
            || !int.TryParse(_pattern.AsSpan(_position, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
        {
            throw Fault($"{digits} hexadecimal digits are expected");
        }
        _position += digits;
        return code;
    }

    private int TakeRune()
    {
        if (!Rune.TryGetRuneAt(_pattern, _position, out var rune))
            throw Fault("half of a surrogate pair");
        _position += rune.Utf16SequenceLength;
        return rune.Value;
    }

    private string ParseQuantifier()
    {
        var start = _position;
        switch (Current)
        {
            case '*' or '+' or '?':
                _position++;
                break;
            case '{':
                var end = _pattern.IndexOf('}', _position);
                var counts = end < 0 ? [] : _pattern[(_position + 1)..end].Split(',');
                if (counts.Length is 0 or > 2 || !IsCount(counts[0]) || (counts.Length == 2 && counts[1].Length > 0 && !IsCount(counts[1])))
                    throw Fault("a count of repetitions is expected after '{'");
                _position = end + 1;
                break;
            default:
                return "";
        }
        var quantifier = _pattern[start.._position];
        // How much a repetition prefers to take makes no difference to what matches.
        if (!TryTake('?') && Current == '+')
            throw Fault("possessive repetitions are not supported");
        return quantifier;
    }

    private static bool IsCount(string text) => text.Length is > 0 and <= 6 && text.All(char.IsAsciiDigit);

    /// <summary>Characters of a text, as a JSON string writes them.</summary>
    private string Characters(IReadOnlyList<CodePointRange> ranges)
    {
        var alternatives = new List<string>();
        var plain = Intersect(ranges, StringSchema.Plain);
        if (plain.Count > 0)
            alternatives.Add(GrammarWriter.Class(plain));
        foreach (var (character, escaped) in (ReadOnlySpan<(char, string)>)[('"', "\\\""), ('\\', "\\\\"), ('\n', "\\n"), ('\r', "\\r"), ('\t', "\\t")])
        {
            if (ranges.Any(range => range.First <= character && character <= range.Last))
                alternatives.Add(GrammarWriter.Literal(escaped));
        }
        return alternatives.Count switch
        {
            0 => throw Fault("no character that a JSON string can hold matches"),
            1 => alternatives[0],
            _ => $"({string.Join(" | ", alternatives)})",
        };
    }

    private static IReadOnlyList<CodePointRange> Except(IReadOnlyList<CodePointRange> ranges) =>
        Intersect(CodePointRange.Complement(ranges), Printable);

    private static IReadOnlyList<CodePointRange> Intersect(IReadOnlyList<CodePointRange> ranges, IReadOnlyList<CodePointRange> others) =>
        CodePointRange.Normalize(
            from range in ranges
            from other in others
            where Math.Max(range.First, other.First) <= Math.Min(range.Last, other.Last)
            select new CodePointRange(Math.Max(range.First, other.First), Math.Min(range.Last, other.Last)));

    private static CodePointRange Single(int code) => new(code, code);

    private bool TryTake(char character)
    {
        if (IsAtEnd || Current != character)
            return false;
        _position++;
        return true;
    }

    private GrammarException Fault(string message) => _schema.Fault(
        string.Create(CultureInfo.InvariantCulture, $"the pattern '{_pattern}', character {Math.Min(_position, _pattern.Length) + 1}: {message}"));
}
