using System.Text.Json;

namespace LoraBridge.TextGeneration.Grammars.Schema;

/// <summary>GBNF for objects: the properties of the schema in its order, then additional ones.</summary>
internal static class ObjectSchema
{
    /// <param name="schema">The schema.</param>
    /// <param name="writer">Takes the rules.</param>
    /// <param name="visit">Returns the rule of a schema at a path.</param>
    /// <param name="anyValue">Returns the rule of any value.</param>
    internal static string Rule(SchemaNode schema, GrammarWriter writer, Func<JsonElement, string, string> visit, Func<string> anyValue)
    {
        writer.Shared("ws", "(\" \" | \"\\n\" [ \\t]{0,20})?");
        var properties = Properties(schema);
        var required = Required(schema);
        var additional = schema.Find("additionalProperties");
        var isClosed = additional is { ValueKind: JsonValueKind.False };

        var members = new List<(string Rule, bool IsRequired)>();
        foreach (var (name, property) in properties)
        {
            if (property.ValueKind == JsonValueKind.False && !required.Contains(name))
                continue;
            members.Add((Member(name, visit(property, $"{schema.Path}/properties/{name}")), required.Contains(name)));
        }
        foreach (var name in required.Where(name => properties.All(property => property.Key != name)))
        {
            if (isClosed)
                throw schema.Fault($"'{name}' is required, but not among the properties, and no additional ones are allowed");
            var value = additional is { } rest ? visit(rest, $"{schema.Path}/additionalProperties") : anyValue();
            members.Add((Member(name, value), true));
        }

        // Properties that nobody described are written only where there is nothing else to write, or where the schema asks for them.
        var isFree = properties.Count == 0 && required.Count == 0 && additional is null;
        string? extra = null;
        if (isFree || (additional is not null && !isClosed))
        {
            var value = additional is { } rest ? visit(rest, $"{schema.Path}/additionalProperties") : anyValue();
            extra = writer.Add("additional", $"{OtherName(properties.ConvertAll(property => property.Key), writer)} \":\" ws {value}");
        }
        var (minimum, maximum) = Counts(schema, members.Count, members.Count(member => member.IsRequired), extra is not null);
        var body = Members(members, extra, minimum, maximum, writer);
        return body.Length == 0 ? "\"{\" ws \"}\"" : $"\"{{\" ws {body} ws \"}}\"";
    }

    private static List<KeyValuePair<string, JsonElement>> Properties(SchemaNode schema)
    {
        if (schema.Find("properties") is not { } properties)
            return [];
        if (properties.ValueKind != JsonValueKind.Object)
            throw schema.Fault($"'properties' must be an object, found {SchemaNode.Describe(properties)}");
        return [.. properties.EnumerateObject().Select(property => KeyValuePair.Create(property.Name, property.Value))];
    }

    private static List<string> Required(SchemaNode schema) =>
    [
        .. schema.List("required").Select(name => name.ValueKind == JsonValueKind.String
            ? name.GetString()!
            : throw schema.Fault($"'required' must hold strings, found {SchemaNode.Describe(name)}")).Distinct(),
    ];

    /// <summary>How many additional properties there may be, given the bounds for all.</summary>
    private static (int Minimum, int? Maximum) Counts(SchemaNode schema, int all, int required, bool hasExtra)
    {
        var minimum = schema.Count("minProperties") ?? 0;
        var maximum = schema.Count("maxProperties");
        if (minimum > required && (all > 0 || minimum > 1 || !hasExtra))
            throw schema.Fault("'minProperties' is supported up to the number of required properties, or 1 where no property has a name");
        if (maximum < required)
            throw schema.Fault($"{required} properties are required, but 'maxProperties' is {maximum}");
        if (maximum < all)
            throw schema.Fault("'maxProperties' below the number of properties is not supported");
        return (all == 0 ? minimum : 0, maximum - all);
    }

    private static string Member(string name, string value) => $"{GrammarWriter.JsonLiteral(name)} \":\" ws {value}";

    /// <summary>The members with their commas: an optional one may be the first, or be missing.</summary>
    private static string Members(List<(string Rule, bool IsRequired)> members, string? extra, int minimumExtra, int? maximumExtra, GrammarWriter writer)
    {
        var hasExtra = extra is not null && maximumExtra is null or > 0;
        // After a member: from each position on, what may still follow.
        var following = new string[members.Count + 1];
        following[^1] = hasExtra ? $"(\",\" ws {extra}){StringSchema.Counts(0, maximumExtra)}" : "";
        for (var i = members.Count - 1; i > 0; i--)
        {
            var (rule, isRequired) = members[i];
            var next = isRequired ? $"\",\" ws {rule}" : $"(\",\" ws {rule})?";
            following[i] = following[i + 1].Length == 0 ? next : writer.Add("members", $"{next} {following[i + 1]}");
        }

        var alternatives = new List<string>();
        for (var i = 0; i < members.Count; i++)
        {
            alternatives.Add($"{members[i].Rule} {following[i + 1]}".TrimEnd());
            if (members[i].IsRequired)
                return Group(alternatives);
        }
        if (hasExtra)
        {
            alternatives.Add($"{extra} (\",\" ws {extra}){StringSchema.Counts(Math.Max(0, minimumExtra - 1), maximumExtra - 1)}");
            if (minimumExtra > 0)
                return Group(alternatives);
        }
        return alternatives.Count == 0 ? "" : $"({string.Join(" | ", alternatives)})?";
    }

    private static string Group(List<string> alternatives) =>
        alternatives.Count == 1 ? alternatives[0] : $"({string.Join(" | ", alternatives)})";

    /// <summary>
    /// A property name that is none of <paramref name="names"/>: at each character, those that lead on to a name are told from the
    /// others. Escapes are left out: they could spell a name, too. Names end after 60 characters and some.
    /// </summary>
    private static string OtherName(List<string> names, GrammarWriter writer)
    {
        var plain = writer.Shared("name-char", GrammarWriter.Class(StringSchema.Plain));
        if (names.Count == 0)
            return writer.Shared("name", $"\"\\\"\" {plain}{{1,60}} \"\\\"\"");
        return $"\"\\\"\" {NotAnyOf(names, 0, writer, plain)} \"\\\"\"";
    }

    private static string NotAnyOf(List<string> names, int position, GrammarWriter writer, string plain)
    {
        var next = names.Where(name => name.Length > position).GroupBy(name => char.IsSurrogate(name[position])
            ? char.ConvertToUtf32(name, position) : name[position]).ToList();
        var others = Subtract(StringSchema.Plain, next.ConvertAll(group => group.Key));
        var alternatives = new List<string> { $"{GrammarWriter.Class(others)} {plain}{{0,60}}" };
        foreach (var group in next.Where(group => StringSchema.Plain.Any(range => range.First <= group.Key && group.Key <= range.Last)))
        {
            var length = group.Key > char.MaxValue ? 2 : 1;
            alternatives.Add($"{GrammarWriter.Class([new CodePointRange(group.Key, group.Key)])} {NotAnyOf([.. group], position + length, writer, plain)}");
        }
        // The text so far is no name and not empty: it may end here.
        if (position > 0 && names.All(name => name.Length != position))
            alternatives.Add("\"\"");
        return writer.Add("other-name", string.Join(" | ", alternatives));
    }

    private static IReadOnlyList<CodePointRange> Subtract(IReadOnlyList<CodePointRange> ranges, List<int> codes)
    {
        var excluded = CodePointRange.Complement(ranges).Concat(codes.Select(code => new CodePointRange(code, code)));
        return CodePointRange.Complement(CodePointRange.Normalize(excluded));
    }
}
