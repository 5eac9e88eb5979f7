using System.Globalization;
using System.Text;

namespace LoraBridge.TextGeneration.Grammars;

/// <summary>Reads GBNF, the notation for grammars of llama.cpp.</summary>
/// <remarks>
/// Rules <c>name ::= …</c>, literals, character classes, <c>.</c>, references, groups, <c>|</c>, <c>* + ? {m} {m,} {m,n}</c> and
/// <c>#</c> comments. References to tokens (<c>&lt;[7]&gt;</c>) are not part of it: a grammar describes text.
/// </remarks>
internal sealed class GbnfParser
{
    private const int MaximumDepth = 200;

    private readonly string _text;
    private int _position;
    private int _depth;

    private GbnfParser(string text) => _text = text;

    /// <summary>The rules by their names.</summary>
    /// <exception cref="GrammarException">The text is no GBNF; the message has line and column.</exception>
    internal static Dictionary<string, GrammarExpression> Parse(string text)
    {
        var parser = new GbnfParser(text);
        var rules = new Dictionary<string, GrammarExpression>();
        parser.SkipSpace(newLines: true);
        while (!parser.IsAtEnd)
        {
            var (name, rule) = parser.ParseRule();
            if (!rules.TryAdd(name, rule))
                throw parser.Fault($"the rule '{name}' is defined twice");
            parser.SkipSpace(newLines: true);
        }
        return rules;
    }

    private bool IsAtEnd => _position >= _text.Length;

    private char Current => IsAtEnd ? '\0' : _text[_position];

    private (string Name, GrammarExpression Rule) ParseRule()
    {
        var name = ParseName();
        SkipSpace(newLines: false);
        if (!_text.AsSpan(_position).StartsWith("::="))
            throw Fault($"'::=' is expected after the name '{name}'");
        _position += 3;
        SkipSpace(newLines: true);
        var rule = ParseAlternatives(nested: false);
        if (!IsAtEnd && Current is not ('\r' or '\n'))
            throw Fault($"the end of the rule '{name}' is expected, but '{Current}' was found");
        return (name, rule);
    }

    private GrammarExpression ParseAlternatives(bool nested)
    {
        var alternatives = new List<GrammarExpression> { ParseSequence(nested) };
        while (Current == '|')
        {
            _position++;
            SkipSpace(newLines: true);
            alternatives.Add(ParseSequence(nested));
        }
        return alternatives.Count == 1 ? alternatives[0] : new Choice(alternatives);
    }

    private GrammarExpression ParseSequence(bool nested)
    {
        var items = new List<GrammarExpression>();
        while (ParseItem() is { } item)
        {
            SkipSpace(nested);
            while (TryParseRepetition(item) is { } repeated)
            {
                item = repeated;
                SkipSpace(nested);
            }
            items.Add(item);
        }
        return items.Count == 1 ? items[0] : new Sequence(items);
    }

    private GrammarExpression? ParseItem()
    {
        switch (Current)
        {
            case '"':
                return ParseLiteral();
            case '[':
                return ParseClass();
            case '.':
                _position++;
                return new CharacterClass(CodePointRange.All);
            case '(':
                return ParseGroup();
            case '<' or '!':
                throw Fault("references to tokens are not supported; write the text of the token as a literal");
            case '*' or '+' or '?' or '{':
                throw Fault($"'{Current}' has nothing to repeat");
            default:
                return IsNameCharacter(Current) ? new RuleReference(ParseName(), Line) : null;
        }
    }

    private GrammarExpression ParseGroup()
    {
        if (++_depth > MaximumDepth)
            throw Fault($"groups are nested deeper than {MaximumDepth}");
        _position++;
        SkipSpace(newLines: true);
        var group = ParseAlternatives(nested: true);
        if (Current != ')')
            throw Fault("')' is expected");
        _position++;
        _depth--;
        return group;
    }

    private GrammarExpression ParseLiteral()
    {
        var start = _position++;
        var characters = new List<GrammarExpression>();
        while (Current != '"')
        {
            if (IsAtEnd)
                throw FaultAt(start, "the literal is not closed");
            var code = ParseCharacter();
            characters.Add(new CharacterClass(CodePointRange.Normalize([new CodePointRange(code, code)])));
        }
        _position++;
        return characters.Count == 1 ? characters[0] : new Sequence(characters);
    }

    private CharacterClass ParseClass()
    {
        var start = _position++;
        var negated = Current == '^';
        if (negated)
            _position++;
        var ranges = new List<CodePointRange>();
        while (Current != ']')
        {
            if (IsAtEnd)
                throw FaultAt(start, "the character class is not closed");
            var first = ParseCharacter();
            var last = first;
            if (Current == '-' && _position + 1 < _text.Length && _text[_position + 1] != ']')
            {
                _position++;
                last = ParseCharacter();
            }
            if (last < first)
                throw Fault($"the range ends before it starts (U+{first:X4} to U+{last:X4})");
            ranges.Add(new CodePointRange(first, last));
        }
        _position++;
        var normalized = CodePointRange.Normalize(ranges);
        return new CharacterClass(negated ? CodePointRange.Complement(normalized) : normalized);
    }

    private int ParseCharacter()
    {
        if (Current != '\\')
        {
            if (!Rune.TryGetRuneAt(_text, _position, out var rune))
                throw Fault("half of a surrogate pair");
            _position += rune.Utf16SequenceLength;
            return rune.Value;
        }
        _position++;
        var escape = Current;
        _position++;
        return escape switch
        {
            'x' => ParseHexadecimal(2),
            'u' => ParseHexadecimal(4),
            'U' => ParseHexadecimal(8),
            't' => '\t',
            'r' => '\r',
            'n' => '\n',
            '\\' or '"' or '[' or ']' or '-' => escape,
            _ => throw FaultAt(_position - 2, $"unknown escape '\\{(escape == '\0' ? "" : escape)}'"),
        };
    }

    private int ParseHexadecimal(int digits)
    {
        if (_position + digits > _text.Length
            || !int.TryParse(_text.AsSpan(_position, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            || code is < 0 or > 0x10FFFF)
        {
            throw Fault($"{digits} hexadecimal digits of a code point are expected");
        }
        _position += digits;
        return code;
    }

    private Repetition? TryParseRepetition(GrammarExpression item)
    {
        switch (Current)
        {
            case '*':
                _position++;
                return new Repetition(item, 0, null);
            case '+':
                _position++;
                return new Repetition(item, 1, null);
            case '?':
                _position++;
                return new Repetition(item, 0, 1);
            case '{':
                return ParseCounts(item);
            default:
                return null;
        }
    }

    private Repetition ParseCounts(GrammarExpression item)
    {
        _position++;
        SkipSpace(newLines: false);
        var minimum = ParseCount();
        int? maximum = minimum;
        if (Current == ',')
        {
            _position++;
            SkipSpace(newLines: false);
            maximum = char.IsAsciiDigit(Current) ? ParseCount() : null;
        }
        if (Current != '}')
            throw Fault("'}' is expected");
        _position++;
        if (maximum < minimum)
            throw Fault($"{{{minimum},{maximum}}} asks for at least {minimum} and at most {maximum}");
        return new Repetition(item, minimum, maximum);
    }

    private int ParseCount()
    {
        var start = _position;
        while (char.IsAsciiDigit(Current))
            _position++;
        if (!int.TryParse(_text.AsSpan(start, _position - start), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            throw FaultAt(start, "a number of repetitions is expected");
        SkipSpace(newLines: false);
        return count;
    }

    private string ParseName()
    {
        var start = _position;
        while (IsNameCharacter(Current))
            _position++;
        if (_position == start)
            throw Fault(IsAtEnd ? "the name of a rule is expected" : $"the name of a rule is expected, but '{Current}' was found");
        return _text[start.._position];
    }

    private void SkipSpace(bool newLines)
    {
        while (Current is ' ' or '\t' or '#' || (newLines && Current is '\r' or '\n' && !IsAtEnd))
        {
            if (Current == '#')
            {
                while (!IsAtEnd && Current is not ('\r' or '\n'))
                    _position++;
            }
            else
            {
                _position++;
            }
        }
    }

    private int Line => 1 + _text.AsSpan(0, Math.Min(_position, _text.Length)).Count('\n');

    private GrammarException Fault(string message) => FaultAt(_position, message);

    private GrammarException FaultAt(int position, string message)
    {
        var before = _text.AsSpan(0, Math.Min(position, _text.Length));
        return new GrammarException(
            FormattableString.Invariant($"Grammar, line {before.Count('\n') + 1}, column {before.Length - before.LastIndexOf('\n')}: {message}."));
    }

    private static bool IsNameCharacter(char character) => char.IsAsciiLetterOrDigit(character) || character is '-' or '_';
}
