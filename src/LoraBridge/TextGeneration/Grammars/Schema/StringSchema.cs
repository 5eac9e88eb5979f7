using System.Globalization;

namespace LoraBridge.TextGeneration.Grammars.Schema;

/// <summary>GBNF for strings: of any content, of some length, of a format, or after a pattern.</summary>
internal static class StringSchema
{
    private const int MaximumLength = 100_000;
    private const string FullDate = "[12] [0-9]{3} \"-\" (\"02-\" (\"0\" [1-9] | \"1\" [0-9] | \"2\" [0-8])"
        + " | (\"0\" [469] | \"11\") \"-\" (\"0\" [1-9] | [12] [0-9] | \"30\")"
        + " | (\"0\" [13578] | \"1\" [02]) \"-\" (\"0\" [1-9] | [12] [0-9] | \"3\" [01]))";
    private const string FullTime = "([01] [0-9] | \"2\" [0-3]) \":\" [0-5] [0-9] \":\" [0-5] [0-9] (\".\" [0-9]{1,3})?"
        + " (\"Z\" | [-+] ([01] [0-9] | \"2\" [0-3]) \":\" [0-5] [0-9])";
    private const string Label = "[a-z0-9] ([a-z0-9-]{0,20} [a-z0-9])?";
    private const string Host = Label + " (\".\" " + Label + "){0,2} \".\" [a-z]{2,6}";
    private const string Byte = "(\"25\" [0-5] | \"2\" [0-4] [0-9] | \"1\" [0-9] [0-9] | [1-9]? [0-9])";
    private const string UriPath = "[A-Za-z0-9._~-]{0,40}";

    /// <summary>Formats with the fewest and the most characters they write.</summary>
    private static readonly Dictionary<string, (string Body, int Shortest, int Longest)> Formats = new()
    {
        ["date"] = (FullDate, 10, 10),
        ["time"] = (FullTime, 9, 18),
        ["date-time"] = ($"{FullDate} \"T\" {FullTime}", 20, 29),
        ["duration"] = ("\"P\" ([0-9]{1,4} \"D\" (\"T\" duration-time)? | \"T\" duration-time)", 3, 22),
        ["uuid"] = ("[0-9a-f]{8} (\"-\" [0-9a-f]{4}){3} \"-\" [0-9a-f]{12}", 36, 36),
        ["email"] = ($"[a-z0-9]{{1,16}} ([._-] [a-z0-9]{{1,16}}){{0,2}} \"@\" {Host}", 6, 125),
        ["hostname"] = (Host, 4, 75),
        ["ipv4"] = ($"{Byte} (\".\" {Byte}){{3}}", 7, 15),
        ["ipv6"] = ("[0-9a-f]{1,4} (\":\" [0-9a-f]{1,4}){7} | \"::\" ([0-9a-f]{1,4} (\":\" [0-9a-f]{1,4}){0,5})?", 2, 39),
        ["uri"] = ($"\"http\" \"s\"? \"://\" {Host} (\":\" [1-9] [0-9]{{0,3}})? (\"/\" {UriPath}){{0,6}} (\"?\" [a-z0-9=&._-]{{0,40}})?", 11, 376),
    };

    /// <summary>Characters that a JSON string writes as they are; no control characters, no quote, no backslash.</summary>
    internal static IReadOnlyList<CodePointRange> Plain { get; } = CodePointRange.Normalize(
        [new(' ', '!'), new('#', '['), new(']', '~'), new(0xA0, 0x10FFFF)]);

    /// <exception cref="GrammarException">The format is unknown, or keywords stand together that cannot be met at once.</exception>
    internal static string Rule(SchemaNode schema, GrammarWriter writer)
    {
        var minimum = schema.Count("minLength") ?? 0;
        var maximum = schema.Count("maxLength");
        if (minimum > (maximum ?? minimum))
            throw schema.Fault($"no string has at least {minimum} and at most {maximum} characters");
        if (Math.Max(minimum, maximum ?? 0) > MaximumLength)
            throw schema.Fault($"lengths above {MaximumLength} are not supported");
        var pattern = schema.Text("pattern");
        var format = schema.Text("format");
        if (pattern is not null && format is not null)
            throw schema.Fault("'pattern' and 'format' are not supported together");
        if (pattern is not null)
            return OfPattern(schema, pattern, minimum, maximum, writer);
        return format is null ? OfLength(minimum, maximum, writer) : OfFormat(schema, format, minimum, maximum, writer);
    }

    /// <summary>The rule of a character of a string, written as it is or escaped; half a surrogate pair is not one.</summary>
    internal static string Character(GrammarWriter writer) => writer.Shared("char",
        $"{GrammarWriter.Class(Plain)} | \"\\\\\" ([\"\\\\/bfnrt] | \"u\" ([0-9a-cA-CefEF] [0-9a-fA-F]{{3}} | [dD] [0-7] [0-9a-fA-F]{{2}}))");

    private static string OfLength(int minimum, int? maximum, GrammarWriter writer)
    {
        var character = Character(writer);
        if (minimum == 0 && maximum is null)
            return writer.Shared("string", $"\"\\\"\" {character}* \"\\\"\"");
        return $"\"\\\"\" {character}{Counts(minimum, maximum)} \"\\\"\"";
    }

    private static string OfPattern(SchemaNode schema, string pattern, int minimum, int? maximum, GrammarWriter writer)
    {
        if (minimum > 0 || maximum is not null)
            throw schema.Fault("'pattern' is not supported together with a length");
        return $"\"\\\"\" ({PatternGrammar.Convert(pattern, schema, Character(writer))}) \"\\\"\"";
    }

    private static string OfFormat(SchemaNode schema, string format, int minimum, int? maximum, GrammarWriter writer)
    {
        if (!Formats.TryGetValue(format, out var known))
            throw schema.Fault($"the format '{format}' is not supported; known are {string.Join(", ", Formats.Keys.Order())}");
        if (minimum > known.Shortest || maximum < known.Longest)
        {
            throw schema.Fault(FormattableString.Invariant(
                $"the format '{format}' has {known.Shortest} to {known.Longest} characters, which the lengths here do not leave free"));
        }
        if (format == "duration")
        {
            writer.Shared("duration-time",
                "[0-9]{1,3} \"H\" ([0-9]{1,3} \"M\" ([0-9]{1,3} \"S\")?)? | [0-9]{1,3} \"M\" ([0-9]{1,3} \"S\")? | [0-9]{1,3} \"S\"");
        }
        return writer.Shared($"format-{format}", $"\"\\\"\" ({known.Body}) \"\\\"\"");
    }

    /// <summary>Bounds of a repetition as GBNF.</summary>
    internal static string Counts(int minimum, int? maximum) => (minimum, maximum) switch
    {
        (0, null) => "*",
        (1, null) => "+",
        (_, null) => string.Create(CultureInfo.InvariantCulture, $"{{{minimum},}}"),
        _ when minimum == maximum => string.Create(CultureInfo.InvariantCulture, $"{{{minimum}}}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{{{minimum},{maximum}}}"),
    };
}
