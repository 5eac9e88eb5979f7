using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LoraBridge.TextGeneration.Grammars.Schema;

/// <summary>Collects the rules of a grammar under unique names and writes them as GBNF.</summary>
internal sealed class GrammarWriter
{
    private static readonly JsonWriterOptions PlainText = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Dictionary<string, string> _rules = [];
    private readonly List<string> _order = [];

    /// <summary>Reserves a name like <paramref name="hint"/> for a rule that <see cref="Define"/> gives later: rules may be recursive.</summary>
    internal string Reserve(string hint)
    {
        var clean = new string([.. hint.Select(character => char.IsAsciiLetterOrDigit(character) ? character : '-')]).Trim('-');
        var name = clean.Length == 0 ? "value" : clean;
        for (var i = 2; _rules.ContainsKey(name); i++)
            name = $"{clean}-{i.ToString(CultureInfo.InvariantCulture)}";
        _rules[name] = "";
        _order.Add(name);
        return name;
    }

    /// <summary>Gives a reserved rule its body.</summary>
    internal void Define(string name, string body) => _rules[name] = body;

    /// <summary>Adds a rule; returns its name.</summary>
    internal string Add(string hint, string body)
    {
        var name = Reserve(hint);
        Define(name, body);
        return name;
    }

    /// <summary>Adds a rule of a fixed name once.</summary>
    internal string Shared(string name, string body)
    {
        if (_rules.TryAdd(name, body))
            _order.Add(name);
        return name;
    }

    /// <summary>The rules as GBNF, in the order they were named.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var name in _order)
            text.Append(name).Append(" ::= ").Append(_rules[name]).Append('\n');
        return text.ToString();
    }

    /// <summary>A text as a literal of GBNF.</summary>
    internal static string Literal(string text)
    {
        var literal = new StringBuilder("\"");
        foreach (var character in text)
            AppendEscaped(literal, character);
        return literal.Append('"').ToString();
    }

    /// <summary>Ranges of code points as a character class of GBNF.</summary>
    internal static string Class(IEnumerable<CodePointRange> ranges)
    {
        var text = new StringBuilder("[");
        foreach (var range in ranges)
        {
            text.Append(CultureInfo.InvariantCulture, $"\\U{range.First:X8}");
            if (range.Last > range.First)
                text.Append(CultureInfo.InvariantCulture, $"-\\U{range.Last:X8}");
        }
        return text.Append(']').ToString();
    }

    /// <summary>A JSON value in its shortest form, as a literal of GBNF.</summary>
    internal static string JsonLiteral(JsonElement value)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, PlainText))
            value.WriteTo(writer);
        return Literal(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    /// <summary>A JSON string, as a literal of GBNF.</summary>
    internal static string JsonLiteral(string text) => Literal($"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"");

    private static void AppendEscaped(StringBuilder text, char character)
    {
        switch (character)
        {
            case '"':
                text.Append("\\\"");
                break;
            case '\\':
                text.Append("\\\\");
                break;
            case '\n':
                text.Append("\\n");
                break;
            case < ' ' or (>= '\x7F' and <= '\x9F'):
                text.Append(CultureInfo.InvariantCulture, $"\\x{(int)character:X2}");
                break;
            default:
                text.Append(character);
                break;
        }
    }
}
