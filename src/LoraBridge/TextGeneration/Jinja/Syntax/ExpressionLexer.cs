using System.Globalization;
using System.Text;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Reads the tokens inside one tag, up to its closing mark.</summary>
internal sealed class ExpressionLexer(string source, int position, int line, string end)
{
    private static readonly string[] TwoCharacterOperators = ["==", "!=", "<=", ">=", "//", "**"];

    private int _openBrackets;

    public int Position { get; private set; } = position;

    public int Line { get; private set; } = line;

    private char Current => Position < source.Length ? source[Position] : '\0';

    public void ReadInto(List<Token> tokens)
    {
        while (true)
        {
            SkipSpace();
            if (Position >= source.Length)
                throw Fault($"a tag is not closed by '{end}'");
            if (_openBrackets == 0 && SkipToEnd())
                return;
            tokens.Add(ReadToken());
        }
    }

    private void SkipSpace()
    {
        for (; Position < source.Length && char.IsWhiteSpace(Current); Position++)
        {
            if (Current == '\n')
                Line++;
        }
    }

    private bool SkipToEnd()
    {
        // Inside brackets '}}' closes two dicts; outside it ends the tag, with or without a sign.
        var mark = Current is '-' or '+' ? Position + 1 : Position;
        if (string.CompareOrdinal(source, mark, end, 0, 2) != 0)
            return false;
        Position = mark;
        return true;
    }

    private Token ReadToken()
    {
        if (Current is '"' or '\'')
            return ReadString();
        if (char.IsAsciiDigit(Current))
            return ReadNumber();
        if (char.IsLetter(Current) || Current == '_')
            return new Token(TokenKind.Name, TakeWhile(c => char.IsLetterOrDigit(c) || c == '_'), Line);
        return ReadOperator();
    }

    private Token ReadOperator()
    {
        foreach (var text in TwoCharacterOperators)
        {
            if (string.CompareOrdinal(source, Position, text, 0, 2) == 0)
            {
                Position += 2;
                return new Token(TokenKind.Operator, text, Line);
            }
        }

        var c = Current;
        _openBrackets += c switch
        {
            '(' or '[' or '{' => 1,
            ')' or ']' or '}' => -1,
            _ => 0,
        };
        if (!"+-*/%~=<>()[]{}.,:|".Contains(c))
            throw Fault($"unexpected character '{c}'");
        if (_openBrackets < 0)
            throw Fault($"'{c}' has no opening bracket");
        Position++;
        return new Token(TokenKind.Operator, c.ToString(), Line);
    }

    private Token ReadNumber()
    {
        if (ReadPrefixedNumber() is { } prefixed)
            return prefixed;
        var start = Position;
        TakeWhile(IsDigit);
        var isFloat = Current == '.' && Position + 1 < source.Length && char.IsAsciiDigit(source[Position + 1]);
        if (isFloat)
        {
            Position++;
            TakeWhile(IsDigit);
        }
        if (Current is 'e' or 'E' && ExponentLength() is > 0 and var length)
        {
            isFloat = true;
            Position += length;
            TakeWhile(IsDigit);
        }
        var text = source[start..Position].Replace("_", "", StringComparison.Ordinal);
        return new Token(isFloat ? TokenKind.Float : TokenKind.Integer, text, Line);
    }

    /// <summary>A number such as <c>0x1f</c>, as its decimal digits; null where there is none.</summary>
    private Token? ReadPrefixedNumber()
    {
        var next = Position + 1 < source.Length ? char.ToLowerInvariant(source[Position + 1]) : '\0';
        var numberBase = Current != '0' ? 0 : next switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 };
        if (numberBase == 0)
            return null;
        Position += 2;
        var digits = TakeWhile(c => char.IsAsciiHexDigit(c) || c == '_').Replace("_", "", StringComparison.Ordinal);
        try
        {
            return new Token(TokenKind.Integer, Convert.ToInt64(digits, numberBase).ToString(CultureInfo.InvariantCulture), Line);
        }
        catch (Exception fault) when (fault is FormatException or OverflowException or ArgumentException)
        {
            throw Fault($"0{next}{digits} is no integer of 64 bits");
        }
    }

    private int ExponentLength()
    {
        var digits = Position + 1 < source.Length && source[Position + 1] is '+' or '-' ? 2 : 1;
        return Position + digits < source.Length && char.IsAsciiDigit(source[Position + digits]) ? digits : 0;
    }

    private static bool IsDigit(char c) => char.IsAsciiDigit(c) || c == '_';

    private string TakeWhile(Func<char, bool> accept)
    {
        var start = Position;
        while (Position < source.Length && accept(Current))
            Position++;
        return source[start..Position];
    }

    private Token ReadString()
    {
        var quote = Current;
        var startLine = Line;
        var text = new StringBuilder();
        for (Position++; Current != quote || Position >= source.Length; Position++)
        {
            if (Position >= source.Length)
                throw new ChatTemplateException($"a string is not closed by {quote}", startLine);
            if (Current == '\n')
                Line++;
            if (Current == '\\')
                ReadEscape(text);
            else
                text.Append(Current);
        }
        Position++;
        return new Token(TokenKind.String, text.ToString(), startLine);
    }

    private void ReadEscape(StringBuilder text)
    {
        Position++;
        var c = Current;
        if (c is >= '0' and <= '7')
        {
            AppendOctal(text);
            return;
        }
        var hexDigits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (hexDigits > 0)
        {
            AppendCodePoint(text, hexDigits);
            return;
        }
        _ = c switch
        {
            'n' => text.Append('\n'),
            't' => text.Append('\t'),
            'r' => text.Append('\r'),
            'b' => text.Append('\b'),
            'f' => text.Append('\f'),
            'v' => text.Append('\v'),
            'a' => text.Append('\a'),
            '\\' or '\'' or '"' => text.Append(c),
            '\n' => text,
            _ => text.Append('\\').Append(c),
        };
        if (c == '\n')
            Line++;
    }

    private void AppendOctal(StringBuilder text)
    {
        var code = 0;
        var length = 0;
        while (length < 3 && Position + length < source.Length && source[Position + length] is >= '0' and <= '7' and var digit)
        {
            code = code * 8 + digit - '0';
            length++;
        }
        Position += length - 1;
        text.Append((char)code);
    }

    private void AppendCodePoint(StringBuilder text, int digits)
    {
        if (Position + digits >= source.Length
            || !uint.TryParse(source.AsSpan(Position + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            || code > 0x10FFFF)
        {
            throw Fault("a string holds an invalid escape");
        }
        Position += digits;
        if (code <= 0xFFFF)
            text.Append((char)code);
        else
            text.Append(char.ConvertFromUtf32((int)code));
    }

    private ChatTemplateException Fault(string message) => new(message, Line);
}
