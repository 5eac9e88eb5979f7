using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraBridge.TextGeneration.Tools;

/// <summary>Reads values as Python writes them: <c>True</c>, <c>None</c>, <c>'text'</c>, lists, tuples, dictionaries.</summary>
internal sealed class PythonLiteral(string text, int position)
{
    private const int MaximumDepth = 60;

    private int _depth;

    internal int Position { get; private set; } = position;

    /// <summary>The literal that is the whole text; false when it is none. Strings are left alone.</summary>
    internal static bool TryParse(string text, out JsonNode? value)
    {
        value = null;
        if (text.Length == 0 || text[0] is '\'' or '"')
            return false;
        var literal = new PythonLiteral(text, 0);
        return literal.TryRead(out value) && literal.Position == text.Length;
    }

    /// <summary>Reads the literal at the position.</summary>
    internal bool TryRead(out JsonNode? value)
    {
        value = null;
        SkipSpace();
        switch (Current)
        {
            case '\'' or '"':
                var isText = TryText(out var content);
                value = JsonValue.Create(content);
                return isText;
            case '[' or '(':
                return TryList(out value);
            case '{':
                return TryDictionary(out value);
            default:
                return TryWord(out value);
        }
    }

    internal bool TryTake(char character)
    {
        SkipSpace();
        if (Current != character)
            return false;
        Position++;
        return true;
    }

    /// <summary>A name, such as of a function or an argument; empty when there is none.</summary>
    internal string TakeName()
    {
        SkipSpace();
        var start = Position;
        while (char.IsLetterOrDigit(Current) || Current is '_' or '.' or '-')
            Position++;
        return text[start..Position];
    }

    private char Current => Position < text.Length ? text[Position] : '\0';

    private void SkipSpace()
    {
        while (char.IsWhiteSpace(Current))
            Position++;
    }

    private bool TryList(out JsonNode? value)
    {
        var list = new JsonArray();
        value = list;
        var close = text[Position++] == '[' ? ']' : ')';
        return Nested(() =>
        {
            while (!TryTake(close))
            {
                if (!TryRead(out var item))
                    return false;
                list.Add(item);
                if (!TryTake(',') && Current != close)
                    return false;
            }
            return true;
        });
    }

    private bool TryDictionary(out JsonNode? value)
    {
        var dictionary = new JsonObject();
        value = dictionary;
        Position++;
        return Nested(() =>
        {
            while (!TryTake('}'))
            {
                if (Current is not ('\'' or '"') || !TryText(out var name) || !TryTake(':') || !TryRead(out var item))
                    return false;
                dictionary[name] = item;
                if (!TryTake(',') && Current != '}')
                    return false;
            }
            return true;
        });
    }

    private bool Nested(Func<bool> read)
    {
        if (++_depth > MaximumDepth)
            return false;
        var isRead = read();
        _depth--;
        return isRead;
    }

    private bool TryWord(out JsonNode? value)
    {
        value = null;
        var start = Position;
        while (char.IsAsciiLetterOrDigit(Current) || Current is '+' or '-' or '.' or '_')
            Position++;
        var word = text[start..Position];
        switch (word)
        {
            case "True" or "true":
                value = JsonValue.Create(true);
                return true;
            case "False" or "false":
                value = JsonValue.Create(false);
                return true;
            case "None" or "null":
                return true;
            default:
                return TryNumber(word, out value);
        }
    }

    /// <summary>A number, kept as it was written.</summary>
    private static bool TryNumber(string word, out JsonNode? value)
    {
        value = null;
        if (word.Length == 0 || !(char.IsAsciiDigit(word[0]) || word[0] == '-'))
            return false;
        try
        {
            value = JsonNode.Parse(word);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private bool TryText(out string content)
    {
        var result = new StringBuilder();
        var quote = text[Position++];
        while (Position < text.Length && !(Current == quote && IsEndOfText()))
            result.Append(Current == '\\' ? TakeEscape() : text[Position++].ToString());
        content = result.ToString();
        return TryTakeQuote(quote);
    }

    /// <summary>Whether a quote ends a text: models, and templates, write quotes within a text without escaping them.</summary>
    private bool IsEndOfText()
    {
        var rest = text.AsSpan(Position + 1).TrimStart();
        return rest.IsEmpty || rest[0] is ',' or ')' or ']' or '}' or ':';
    }

    private bool TryTakeQuote(char quote)
    {
        if (Current != quote)
            return false;
        Position++;
        return true;
    }

    private string TakeEscape()
    {
        Position++;
        var escape = Current;
        Position = Math.Min(Position + 1, text.Length);
        return escape switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            '\\' or '\'' or '"' => escape.ToString(),
            'x' => Code(2),
            'u' => Code(4),
            '\0' => "\\",
            _ => $"\\{escape}",
        };
    }

    private string Code(int digits)
    {
        if (Position + digits > text.Length
            || !int.TryParse(text.AsSpan(Position, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
        {
            return digits == 2 ? "\\x" : "\\u";
        }
        Position += digits;
        return ((char)code).ToString();
    }
}
