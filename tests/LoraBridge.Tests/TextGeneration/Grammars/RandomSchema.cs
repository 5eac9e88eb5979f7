using System.Globalization;
using System.Text.Json.Nodes;

namespace LoraBridge.Tests.TextGeneration.Grammars;

/// <summary>Draws JSON schemas of all supported kinds whose values are short: a model that knows nothing finds no end by itself.</summary>
internal sealed class RandomSchema(int seed)
{
    private static readonly string[] Names = ["a", "ab", "name", "größe", "x y", "id", "kind\"s"];

    private readonly Random _random = new(seed);
    private readonly JsonObject _definitions = [];

    /// <summary>A whole document.</summary>
    public static string Text(int seed)
    {
        var schema = new RandomSchema(seed);
        var root = schema.Next(3);
        root["$schema"] = "https://json-schema.org/draft/2020-12/schema";
        if (schema._definitions.Count > 0)
            root["$defs"] = schema._definitions;
        return root.ToJsonString();
    }

    private JsonObject Next(int depth) => _random.Next(depth > 0 ? 17 : 10) switch
    {
        0 => Text(),
        1 => Format(),
        2 => Pattern(),
        3 => Integer(),
        4 => Number(),
        5 => new JsonObject { ["type"] = Pick("boolean", "null") },
        6 => new JsonObject { ["type"] = new JsonArray("string", "integer", "null"), ["maxLength"] = 5, ["maximum"] = 30 },
        7 => new JsonObject { ["enum"] = new JsonArray("red", 7, null, 1.5, true, new JsonArray(1, "x"), new JsonObject { ["k"] = 1 }) },
        8 => new JsonObject { ["const"] = Pick("fixed", "with \"quotes\" and \\", "é東") },
        9 => new JsonObject { ["type"] = "string", ["enum"] = new JsonArray("north", "south", 3) },
        10 => Array(depth),
        11 => Tuple(depth),
        12 => new JsonObject { ["anyOf"] = new JsonArray(Next(depth - 1), Next(depth - 1)) },
        13 => OneOf(depth),
        14 => AllOf(depth),
        15 => Reference(depth),
        _ => Object(depth),
    };

    private JsonObject Text()
    {
        var minimum = _random.Next(4);
        return new JsonObject { ["type"] = "string", ["minLength"] = minimum, ["maxLength"] = minimum + _random.Next(8), ["description"] = "some text" };
    }

    private JsonObject Format() => new()
    {
        ["type"] = "string",
        ["format"] = Pick("date", "time", "date-time", "duration", "uuid", "email", "hostname", "ipv4", "ipv6", "uri"),
    };

    private JsonObject Pattern() => new()
    {
        ["type"] = "string",
        ["pattern"] = Pick("^[a-c]{2,5}$", "^\\d{3}-\\d{4}$", "^(yes|no|\"maybe\")$", "^-?(\\d{1,3}\\.)?\\d{2}:\\d{2}$", "^[^\\d\\s]{1,4}\\.\\w$", "^[\\\\/]{1,3}$"),
    };

    private JsonObject Integer()
    {
        var low = _random.Next(-2000, 2000);
        return _random.Next(4) switch
        {
            0 => new JsonObject { ["type"] = "integer" },
            1 => new JsonObject { ["type"] = "integer", ["minimum"] = low },
            2 => new JsonObject { ["type"] = "integer", ["exclusiveMinimum"] = low, ["exclusiveMaximum"] = low + 2 + _random.Next(300) },
            _ => new JsonObject { ["type"] = "integer", ["minimum"] = low, ["maximum"] = low + _random.Next(100_000) },
        };
    }

    private JsonObject Number()
    {
        var low = _random.Next(-3000, 3000) / 100m;
        return _random.Next(4) switch
        {
            0 => new JsonObject { ["type"] = "number" },
            1 => new JsonObject { ["type"] = "number", ["maximum"] = low },
            2 => new JsonObject { ["type"] = "number", ["exclusiveMinimum"] = low, ["maximum"] = low + 0.01m + _random.Next(500) / 1000m },
            _ => new JsonObject { ["type"] = "number", ["minimum"] = low, ["exclusiveMaximum"] = low + 1 + _random.Next(90) },
        };
    }

    private JsonObject Array(int depth)
    {
        var minimum = _random.Next(3);
        return new JsonObject { ["type"] = "array", ["items"] = Next(depth - 1), ["minItems"] = minimum, ["maxItems"] = minimum + _random.Next(3) };
    }

    private JsonObject Tuple(int depth) => new()
    {
        ["prefixItems"] = new JsonArray(Next(depth - 1), Next(0)),
        ["items"] = _random.Next(2) == 0 ? JsonValue.Create(false) : Next(0),
        ["minItems"] = _random.Next(3),
        ["maxItems"] = 3,
    };

    private JsonObject OneOf(int depth) => _random.Next(2) == 0
        ? new JsonObject { ["oneOf"] = new JsonArray(Integer(), Text(), new JsonObject { ["type"] = "boolean" }) }
        : new JsonObject { ["type"] = "object", ["oneOf"] = new JsonArray(Tagged("cat", depth), Tagged("dog", depth)) };

    private JsonObject Tagged(string tag, int depth) => new()
    {
        ["properties"] = new JsonObject { ["tag"] = new JsonObject { ["const"] = tag }, ["value"] = Next(depth - 1) },
        ["required"] = new JsonArray("tag"),
    };

    private JsonObject AllOf(int depth) => _random.Next(2) == 0
        ? new JsonObject { ["allOf"] = new JsonArray(new JsonObject { ["type"] = "integer", ["minimum"] = -5 }, new JsonObject { ["maximum"] = 40 }) }
        : new JsonObject
        {
            ["allOf"] = new JsonArray(
                new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["first"] = Next(depth - 1) }, ["required"] = new JsonArray("first") },
                new JsonObject { ["properties"] = new JsonObject { ["second"] = Next(0) } }),
        };

    private JsonObject Reference(int depth)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"d{_definitions.Count}");
        _definitions[name] = new JsonObject();
        // One in three refers to itself, where it may also end.
        _definitions[name] = _random.Next(3) == 0
            ? new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject { ["v"] = Next(0), ["next"] = new JsonObject { ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "null" }, Pointer()) } },
                ["required"] = new JsonArray("v"),
            }
            : Next(depth - 1);
        return Pointer();

        JsonObject Pointer() => new() { ["$ref"] = $"#/$defs/{name}" };
    }

    private JsonObject Object(int depth)
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var name in Names.OrderBy(_ => _random.Next()).Take(1 + _random.Next(3)))
        {
            properties[name] = Next(depth - 1);
            if (_random.Next(2) == 0)
                required.Add(name);
        }
        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties, ["required"] = required };
        switch (_random.Next(3))
        {
            case 0:
                schema["additionalProperties"] = false;
                break;
            case 1:
                schema["additionalProperties"] = Next(0);
                schema["maxProperties"] = properties.Count + 1;
                break;
        }
        return schema;
    }

    private string Pick(params string[] values) => values[_random.Next(values.Length)];
}
