using System.Text.Json;

namespace LoraBridge.TextGeneration.Grammars.Schema;

/// <summary>Schemas that hold at once, and schemas of which only one may hold.</summary>
internal static class SchemaCombination
{
    /// <summary>The keywords that speak of values of a type.</summary>
    internal static string[] KeywordsOf(string type) => type switch
    {
        "object" => ["properties", "required", "additionalProperties", "minProperties", "maxProperties"],
        "array" => ["items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems"],
        "string" => ["minLength", "maxLength", "pattern", "format"],
        "number" or "integer" => ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
        _ => [],
    };

    /// <summary>The values of <c>const</c> and <c>enum</c> that <c>type</c> allows.</summary>
    internal static List<JsonElement> Values(SchemaNode schema)
    {
        if (schema.Without("const", "enum", "type").Keywords.Keys.FirstOrDefault() is { } other)
            throw schema.Fault($"'{other}' is not supported together with '{(schema.Has("enum") ? "enum" : "const")}'");
        var values = schema.Has("enum") ? schema.List("enum").ToList() : [schema.Find("const")!.Value];
        if (schema.Has("enum") && schema.Find("const") is { } only)
            values.RemoveAll(value => !JsonElement.DeepEquals(value, only));
        if (schema.Types() is { } types)
            values.RemoveAll(value => !types.Contains(TypeOf(value)) && !(TypeOf(value) == "integer" && types.Contains("number")));
        return values.Count > 0 ? values : throw schema.Fault("no value is allowed");
    }

    /// <summary>Bounds of the formats that OpenAPI has for numbers.</summary>
    internal static (decimal? Minimum, decimal? Maximum) NumberFormat(SchemaNode schema, string format, decimal? minimum, decimal? maximum) =>
        format switch
        {
            "int32" => (Math.Max(minimum ?? int.MinValue, int.MinValue), Math.Min(maximum ?? int.MaxValue, int.MaxValue)),
            "int64" => (Math.Max(minimum ?? long.MinValue, long.MinValue), Math.Min(maximum ?? long.MaxValue, long.MaxValue)),
            "float" or "double" or "decimal" => (minimum, maximum),
            _ when schema.Types() is { Length: > 1 } types && types.Contains("string") => (minimum, maximum),
            _ => throw schema.Fault($"the format '{format}' is not supported for numbers; known are decimal, double, float, int32, int64"),
        };

    /// <summary>One schema that asks for what two ask for.</summary>
    /// <exception cref="GrammarException">They contradict each other, or their keywords cannot be put together.</exception>
    internal static SchemaNode Merge(SchemaNode first, SchemaNode second)
    {
        var path = second.Keywords.Count > 0 ? second.Path : first.Path;
        var keywords = new Dictionary<string, JsonElement>(first.Keywords);
        foreach (var (keyword, value) in second.Keywords)
            keywords[keyword] = keywords.TryGetValue(keyword, out var other) ? Merge(keyword, other, value, path) : value;
        var merged = new SchemaNode(path, keywords);
        return WithoutForbidden(WithoutForbidden(merged, first, second), second, first);
    }

    private static JsonElement Merge(string keyword, JsonElement first, JsonElement second, string path)
    {
        if (JsonElement.DeepEquals(first, second))
            return first;
        switch (keyword)
        {
            case "minimum" or "exclusiveMinimum" or "minLength" or "minItems" or "minProperties":
                return Number(first, keyword, path) >= Number(second, keyword, path) ? first : second;
            case "maximum" or "exclusiveMaximum" or "maxLength" or "maxItems" or "maxProperties":
                return Number(first, keyword, path) <= Number(second, keyword, path) ? first : second;
            case "required" when first.ValueKind == JsonValueKind.Array && second.ValueKind == JsonValueKind.Array:
                return Array(first.EnumerateArray().Concat(second.EnumerateArray()));
            case "enum" when first.ValueKind == JsonValueKind.Array && second.ValueKind == JsonValueKind.Array:
                return Array(first.EnumerateArray().Where(value => second.EnumerateArray().Any(other => JsonElement.DeepEquals(value, other))));
            case "type":
                return Types(first, second, path);
            case "properties" when first.ValueKind == JsonValueKind.Object && second.ValueKind == JsonValueKind.Object:
                return Properties(first, second);
            case "items" when first.ValueKind == JsonValueKind.Object && second.ValueKind == JsonValueKind.Object:
                return Both(first, second);
            default:
                throw SchemaNode.Fault(path, $"'{keyword}' is given twice for one value, which is not supported");
        }
    }

    /// <summary>Takes away the properties that <paramref name="closed"/> forbids because it does not name them.</summary>
    private static SchemaNode WithoutForbidden(SchemaNode merged, SchemaNode closed, SchemaNode open)
    {
        if (closed.Find("additionalProperties") is not { } additional || additional.ValueKind == JsonValueKind.True
            || open.Find("properties") is not { ValueKind: JsonValueKind.Object } properties)
        {
            return merged;
        }
        var own = closed.Find("properties");
        var unknown = properties.EnumerateObject()
            .Where(property => own is not { ValueKind: JsonValueKind.Object } known || !known.TryGetProperty(property.Name, out _))
            .Select(property => property.Name).ToHashSet();
        if (unknown.Count == 0)
            return merged;
        if (additional.ValueKind != JsonValueKind.False)
            throw merged.Fault("'additionalProperties' is not supported where another schema describes properties of the same value");
        if (merged.List("required").FirstOrDefault(name => unknown.Contains(name.ToString())) is { ValueKind: JsonValueKind.String } missing)
            throw merged.Fault($"'{missing.GetString()}' is required by one schema and forbidden by another");
        var left = merged.Find("properties")!.Value.EnumerateObject().Where(property => !unknown.Contains(property.Name));
        return merged.With("properties", Object(left.Select(property => (property.Name, property.Value))));
    }

    /// <summary>Makes sure that whatever the grammar writes for one alternative is not valid for another.</summary>
    /// <exception cref="GrammarException">Two alternatives may hold at once.</exception>
    internal static void RequireDisjoint(SchemaNode schema, IReadOnlyList<SchemaNode> branches)
    {
        for (var i = 0; i < branches.Count; i++)
        {
            for (var j = 0; j < branches.Count; j++)
            {
                if (i != j && !IsDisjoint(branches[i], branches[j]))
                {
                    throw schema.Fault(FormattableString.Invariant(
                        $"alternatives {Math.Min(i, j)} and {Math.Max(i, j)} of 'oneOf' may hold at once; use 'anyOf', or a property of which each has its own 'const'"));
                }
            }
        }
    }

    private static bool IsDisjoint(SchemaNode written, SchemaNode other)
    {
        if (written.Has("enum") || written.Has("const"))
            return Values(written).TrueForAll(value => Rejects(other, value));
        var types = (written.Types() ?? []).SelectMany(Widen).ToHashSet();
        var otherTypes = other.Has("enum") || other.Has("const")
            ? Values(other).SelectMany(value => Widen(TypeOf(value)))
            : (other.Types() ?? ["object", "array", "string", "number", "boolean", "null"]).SelectMany(Widen);
        if (types.Count == 0)
            return false;
        types.IntersectWith(otherTypes);
        return types.Count == 0 || (types.SetEquals(["object"]) && AreDisjointObjects(written, other));
    }

    private static bool AreDisjointObjects(SchemaNode written, SchemaNode other)
    {
        var own = written.Find("properties") is { ValueKind: JsonValueKind.Object } properties
            ? properties.EnumerateObject().ToDictionary(property => property.Name, property => property.Value) : [];
        var required = written.List("required").Select(name => name.ToString()).ToHashSet();
        var writesOthers = written.Find("additionalProperties") is { ValueKind: not JsonValueKind.False };
        if (!writesOthers && other.List("required").Any(name => !own.ContainsKey(name.ToString()) && !required.Contains(name.ToString())))
            return true;
        return other.Find("properties") is { ValueKind: JsonValueKind.Object } others && others.EnumerateObject().Any(property =>
            required.Contains(property.Name) && own.TryGetValue(property.Name, out var mine)
            && FixedValues(mine) is { } values && FixedValues(property.Value) is { } otherValues
            && !values.Any(value => otherValues.Any(otherValue => JsonElement.DeepEquals(value, otherValue))));
    }

    private static bool Rejects(SchemaNode schema, JsonElement value)
    {
        if (schema.Has("enum") || schema.Has("const"))
            return Values(schema).TrueForAll(other => !JsonElement.DeepEquals(value, other));
        return schema.Types() is { } types && !types.SelectMany(Widen).Intersect(Widen(TypeOf(value))).Any();
    }

    private static JsonElement[]? FixedValues(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object)
            return null;
        if (schema.TryGetProperty("const", out var only))
            return [only];
        return schema.TryGetProperty("enum", out var values) && values.ValueKind == JsonValueKind.Array ? [.. values.EnumerateArray()] : null;
    }

    private static string[] Widen(string type) => type == "number" ? ["number", "integer"] : [type];

    private static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => value.TryGetDecimal(out var number) && number == decimal.Truncate(number) ? "integer" : "number",
        JsonValueKind.Null => "null",
        _ => "boolean",
    };

    private static decimal Number(JsonElement value, string keyword, string path) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number)
            ? number
            : throw SchemaNode.Fault(path, $"'{keyword}' must be a number, found {SchemaNode.Describe(value)}");

    private static JsonElement Types(JsonElement first, JsonElement second, string path)
    {
        var left = Single(first).Types() ?? [];
        var right = Single(second).Types() ?? [];
        var both = left.Where(type => right.Contains(type) || (type == "integer" && right.Contains("number")))
            .Concat(right.Where(type => type == "integer" && left.Contains("number") && !left.Contains("integer"))).ToList();
        if (both.Count == 0)
            throw SchemaNode.Fault(path, $"no value is of type {first.GetRawText()} and of type {second.GetRawText()}");
        return Parse(writer =>
        {
            writer.WriteStartArray();
            foreach (var type in both)
                writer.WriteStringValue(type);
            writer.WriteEndArray();
        });

        SchemaNode Single(JsonElement type) => new(path, new Dictionary<string, JsonElement> { ["type"] = type });
    }

    private static JsonElement Properties(JsonElement first, JsonElement second)
    {
        var merged = first.EnumerateObject()
            .Select(property => (property.Name, second.TryGetProperty(property.Name, out var other) ? Both(property.Value, other) : property.Value))
            .Concat(second.EnumerateObject().Where(property => !first.TryGetProperty(property.Name, out _)).Select(property => (property.Name, property.Value)));
        return Object(merged);
    }

    private static JsonElement Both(JsonElement first, JsonElement second) => JsonElement.DeepEquals(first, second)
        ? first
        : Object([("allOf", Array([first, second]))]);

    private static JsonElement Array(IEnumerable<JsonElement> items) => Parse(writer =>
    {
        writer.WriteStartArray();
        foreach (var item in items)
            item.WriteTo(writer);
        writer.WriteEndArray();
    });

    private static JsonElement Object(IEnumerable<(string Name, JsonElement Value)> properties) => Parse(writer =>
    {
        writer.WriteStartObject();
        foreach (var (name, value) in properties)
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }
        writer.WriteEndObject();
    });

    private static JsonElement Parse(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            write(writer);
        return JsonElement.Parse(buffer.ToArray());
    }
}
