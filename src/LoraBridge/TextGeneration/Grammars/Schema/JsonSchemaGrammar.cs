using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace LoraBridge.TextGeneration.Grammars.Schema;

/// <summary>Turns a JSON schema into GBNF: what the grammar allows, the schema accepts.</summary>
/// <remarks>
/// The grammar may allow less than the schema. Properties come in the order of the schema; properties that it does not name are written
/// only where <c>additionalProperties</c> asks for them; a value without type gets the types that its keywords speak of.
/// </remarks>
internal sealed class JsonSchemaGrammar
{
    private const int MaximumSchemaLength = 256 * 1024;
    private const string Space = "ws";

    private static readonly string[] AllTypes = ["object", "array", "string", "number", "boolean", "null"];

    private readonly JsonElement _document;
    private readonly GrammarWriter _writer;
    private readonly Dictionary<string, string> _rules = [];

    private JsonSchemaGrammar(JsonElement document, GrammarWriter writer) => (_document, _writer) = (document, writer);

    /// <summary>The schema of any object.</summary>
    internal static JsonElement AnyObject { get; } = JsonElement.Parse("""{"type": "object"}""");

    /// <summary>The grammar whose rule <c>root</c> allows values of the schema.</summary>
    /// <exception cref="GrammarException">The text is no schema, or uses something that is not supported: the message names it.</exception>
    internal static string Convert(string schema)
    {
        if (schema.Length > MaximumSchemaLength)
            throw new GrammarException(string.Create(CultureInfo.InvariantCulture,
                $"JSON schema: it has {schema.Length} characters, at most {MaximumSchemaLength} are supported."));
        try
        {
            using var document = JsonDocument.Parse(schema);
            var writer = new GrammarWriter();
            var root = writer.Reserve("root");
            writer.Define(root, Add(document.RootElement, writer));
            return writer.ToString();
        }
        catch (JsonException exception)
        {
            throw new GrammarException($"JSON schema: the text is no JSON: {exception.Message}", exception);
        }
        catch (InsufficientExecutionStackException exception)
        {
            throw new GrammarException("JSON schema: references lead deeper and deeper without an end.", exception);
        }
    }

    /// <summary>Adds the rules for a schema that is a document of its own; returns the name of the one for the whole.</summary>
    internal static string Add(JsonElement schema, GrammarWriter writer) => Add(schema, schema, writer);

    /// <summary>As <see cref="Add(JsonElement, GrammarWriter)"/>, for a schema within a document that its references lead to.</summary>
    internal static string Add(JsonElement document, JsonElement schema, GrammarWriter writer) => new JsonSchemaGrammar(document, writer).Visit(schema, "");

    /// <summary>The name of the rule for a schema.</summary>
    private string Visit(JsonElement schema, string path) => schema.ValueKind switch
    {
        JsonValueKind.True => AnyValue(),
        JsonValueKind.False => throw SchemaNode.Fault(path, "the schema allows no value"),
        _ => Visit(SchemaNode.Of(schema, path)),
    };

    private string Visit(SchemaNode schema)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        // Equal schemas share a rule, so that references may be recursive, also where other keywords stand beside them.
        var key = string.Join('\n', schema.Keywords.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Key + pair.Value.GetRawText()));
        if (_rules.TryGetValue(key, out var known))
            return known;
        var name = _rules[key] = _writer.Reserve(schema.Path[(schema.Path.LastIndexOf('/') + 1)..]);
        _writer.Define(name, Body(schema));
        return name;
    }

    private string Body(SchemaNode schema)
    {
        if (schema.Has("$ref"))
            return Visit(SchemaCombination.Merge(Resolve(schema), schema.Without("$ref")));
        if (schema.Has("allOf"))
            return Visit(schema.List("allOf").Select((_, index) => Branch(schema, "allOf", index))
                .Aggregate(schema.Without("allOf"), SchemaCombination.Merge));
        if (schema.Has("anyOf"))
            return Alternatives(schema, "anyOf");
        if (schema.Has("oneOf"))
            return Alternatives(schema, "oneOf");
        if (schema.Has("const") || schema.Has("enum"))
            return string.Join(" | ", SchemaCombination.Values(schema).Select(GrammarWriter.JsonLiteral));
        var types = schema.Types() ?? SpokenOf(schema);
        return types.Length == AllTypes.Length && schema.Keywords.Count == 0
            ? AnyValue()
            : string.Join(" | ", types.Select(type => OfType(schema, type)));
    }

    private string Alternatives(SchemaNode schema, string keyword)
    {
        var rest = schema.Without(keyword);
        var branches = schema.List(keyword).Select((_, index) => Branch(schema, keyword, index)).ToList();
        if (branches.Count == 0)
            throw schema.Fault($"'{keyword}' allows nothing");
        var merged = branches.ConvertAll(branch => SchemaCombination.Merge(rest, branch));
        if (keyword == "oneOf")
            SchemaCombination.RequireDisjoint(schema, merged);
        return string.Join(" | ", merged.Select(Visit));
    }

    /// <summary>A part of a combination, with its references followed.</summary>
    private SchemaNode Branch(SchemaNode schema, string keyword, int index)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"{schema.Path}/{keyword}/{index}");
        var part = schema.List(keyword)[index];
        if (part.ValueKind == JsonValueKind.True)
            return new SchemaNode(path, new Dictionary<string, JsonElement>());
        if (part.ValueKind == JsonValueKind.False)
            throw SchemaNode.Fault(path, "the schema allows no value");
        var node = SchemaNode.Of(part, path);
        for (var followed = 0; node.Has("$ref"); followed++)
        {
            if (followed > 100)
                throw node.Fault("the references lead in a circle");
            node = SchemaCombination.Merge(Resolve(node), node.Without("$ref"));
        }
        return node;
    }

    private SchemaNode Resolve(SchemaNode schema)
    {
        var reference = schema.Text("$ref")!;
        if (reference is "#")
            return SchemaNode.Of(_document, "");
        if (!reference.StartsWith("#/", StringComparison.Ordinal))
            throw schema.Fault($"the reference '{reference}' is not supported: only places of the same document are, such as '#/$defs/name'");
        var current = _document;
        foreach (var escaped in reference[2..].Split('/'))
        {
            var step = Uri.UnescapeDataString(escaped).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            var found = current.ValueKind switch
            {
                JsonValueKind.Object when current.TryGetProperty(step, out var property) => property,
                JsonValueKind.Array when int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                    && index < current.GetArrayLength() => current[index],
                _ => default,
            };
            if (found.ValueKind == JsonValueKind.Undefined)
                throw schema.Fault($"the reference '{reference}' leads nowhere: there is no '{step}'");
            current = found;
        }
        return current.ValueKind == JsonValueKind.True
            ? new SchemaNode(reference[1..], new Dictionary<string, JsonElement>())
            : SchemaNode.Of(current, reference[1..]);
    }

    /// <summary>The types that a schema without <c>type</c> has keywords for; all of them where it has none.</summary>
    private static string[] SpokenOf(SchemaNode schema)
    {
        var types = AllTypes.Where(type => SchemaCombination.KeywordsOf(type).Any(schema.Has)).ToArray();
        return types.Length > 0 ? types : AllTypes;
    }

    private string OfType(SchemaNode schema, string type) => type switch
    {
        "object" => Object(schema),
        "array" => Array(schema),
        "string" => StringSchema.Rule(schema, _writer),
        "integer" or "number" => Number(schema, type == "integer"),
        "boolean" => "\"true\" | \"false\"",
        _ => "\"null\"",
    };

    private string Number(SchemaNode schema, bool isInteger)
    {
        var (minimum, excludeMinimum) = Bound(schema, "minimum", "exclusiveMinimum", Math.Max);
        var (maximum, excludeMaximum) = Bound(schema, "maximum", "exclusiveMaximum", Math.Min);
        if (schema.Text("format") is { } format)
            (minimum, maximum) = SchemaCombination.NumberFormat(schema, format, minimum, maximum);
        var unbounded = minimum is null && maximum is null;
        if (isInteger)
        {
            if (unbounded)
                return _writer.Shared("integer", "\"0\" | \"-\"? [1-9] [0-9]{0,14}");
            BigInteger? low = minimum is { } least ? new BigInteger(decimal.Ceiling(least)) : null;
            BigInteger? high = maximum is { } most ? new BigInteger(decimal.Floor(most)) : null;
            low += excludeMinimum && minimum == decimal.Truncate(minimum!.Value) ? 1 : 0;
            high -= excludeMaximum && maximum == decimal.Truncate(maximum!.Value) ? 1 : 0;
            return NumberRange.Integers(low, high) ?? throw schema.Fault("no integer lies within the bounds");
        }
        return unbounded
            ? AnyNumber()
            : NumberRange.Decimals(minimum, excludeMinimum, maximum, excludeMaximum) ?? throw schema.Fault("no number lies within the bounds");
    }

    private static (decimal? Value, bool Excluded) Bound(SchemaNode schema, string inclusive, string exclusive, Func<decimal, decimal, decimal> tighter)
    {
        if (schema.Find(exclusive) is { ValueKind: JsonValueKind.True or JsonValueKind.False })
            throw schema.Fault($"'{exclusive}' must be a number, as JSON schema has it since draft 6");
        var included = schema.Number(inclusive);
        var excluded = schema.Number(exclusive);
        if (included is null || excluded is null)
            return (included ?? excluded, excluded is not null);
        return included != excluded && tighter(included.Value, excluded.Value) == included ? (included, false) : (excluded, true);
    }

    private string Array(SchemaNode schema)
    {
        if (schema.Find("uniqueItems") is { ValueKind: not JsonValueKind.False })
            throw schema.Fault("'uniqueItems' is not supported: a grammar cannot compare items");
        var minimum = schema.Count("minItems") ?? 0;
        var maximum = schema.Count("maxItems");
        if (minimum > (maximum ?? minimum))
            throw schema.Fault($"no array has at least {minimum} and at most {maximum} items");
        var (first, rest, restPath) = Items(schema);
        var firstRules = first.ConvertAll(item => Visit(item.Schema, item.Path));
        if (rest is { ValueKind: JsonValueKind.False })
            maximum = Math.Min(maximum ?? first.Count, first.Count);
        if (minimum > (maximum ?? minimum))
            throw schema.Fault($"'minItems' is {minimum}, but only {maximum} items are allowed");

        string? Rest() => maximum > first.Count || maximum is null ? rest is { } item ? Visit(item, restPath) : AnyValue() : null;
        // Every item but the first follows a comma: [a, b, c...] is a ("," b ("," c)*)?
        var items = Rest() is { } repeated
            ? Repeated(repeated, Math.Max(0, minimum - first.Count), maximum - first.Count, isFirst: first.Count == 0)
            : "";
        for (var i = Math.Min(first.Count, maximum ?? first.Count) - 1; i >= 0; i--)
        {
            var item = $"{(i == 0 ? "" : $"\",\" {Space} ")}{firstRules[i]}{(items.Length == 0 ? "" : $" {items}")}";
            items = i < minimum ? item : $"({item})?";
        }
        _writer.Shared(Space, "(\" \" | \"\\n\" [ \\t]{0,20})?");
        return items.Length == 0 ? "\"[\" ws \"]\"" : $"\"[\" {Space} {items} {Space} \"]\"";
    }

    private static (List<(JsonElement Schema, string Path)> First, JsonElement? Others, string OthersPath) Items(SchemaNode schema)
    {
        // Until draft 2019 "items" could be a list, which is "prefixItems" now.
        var isList = schema.Find("items") is { ValueKind: JsonValueKind.Array };
        var prefix = isList ? "items" : "prefixItems";
        var rest = isList ? "additionalItems" : "items";
        var first = schema.List(prefix)
            .Select((item, index) => (item, string.Create(CultureInfo.InvariantCulture, $"{schema.Path}/{prefix}/{index}"))).ToList();
        return (first, schema.Find(rest), $"{schema.Path}/{rest}");
    }

    private static string Repeated(string item, int minimum, int? maximum, bool isFirst)
    {
        if (!isFirst)
            return $"(\",\" {Space} {item}){StringSchema.Counts(minimum, maximum)}";
        var list = $"{item} (\",\" {Space} {item}){StringSchema.Counts(Math.Max(0, minimum - 1), maximum - 1)}";
        return minimum == 0 ? $"({list})?" : list;
    }

    private string Object(SchemaNode schema) => ObjectSchema.Rule(schema, _writer, Visit, AnyValue);

    private string AnyNumber() => _writer.Shared("number", "\"-\"? (\"0\" | [1-9] [0-9]{0,14}) (\".\" [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?");

    private string AnyValue()
    {
        StringSchema.Rule(new SchemaNode("", new Dictionary<string, JsonElement>()), _writer);
        AnyNumber();
        _writer.Shared(Space, "(\" \" | \"\\n\" [ \\t]{0,20})?");
        _writer.Shared("any-object", "\"{\" ws (any-member (\",\" ws any-member)*)? ws \"}\"");
        _writer.Shared("any-member", "string \":\" ws any-value");
        _writer.Shared("any-array", "\"[\" ws (any-value (\",\" ws any-value)*)? ws \"]\"");
        return _writer.Shared("any-value", "any-object | any-array | string | number | \"true\" | \"false\" | \"null\"");
    }
}
