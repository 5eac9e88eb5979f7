using System.Globalization;
using System.Text.Json;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration.Grammars;

public class JsonSchemaGrammarTests
{
    [Theory]
    [InlineData("""{"type": "string"}""", """["", "a\"\\\né", "\u00e9"]""", """[1, null]""")]
    [InlineData("""{"type": "string", "minLength": 2, "maxLength": 3}""", """["ab", "abé"]""", """["a", "abcd"]""")]
    [InlineData("""{"type": "integer"}""", """[0, -1, 123456]""", """[1.5, "1", true]""")]
    [InlineData("""{"type": "integer", "minimum": -12, "maximum": 105}""", """[-12, -9, 0, 7, 99, 105]""", """[-13, 106, 1050]""")]
    [InlineData("""{"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5}""", """[4]""", """[3, 5]""")]
    [InlineData("""{"type": "number", "minimum": 0.25, "maximum": 1.5}""", """[0.25, 0.3, 0.9, 1, 1.0, 1.5, 1.49]""", """[0.24, 0, 1.51, 2, 1.6]""")]
    [InlineData("""{"type": "number", "exclusiveMinimum": 0}""", """[0.001, 1, 99]""", """[0, 0.0, -1]""")]
    [InlineData("""{"type": "number"}""", """[0, -1.5, 1e3, 2E-2]""", """["1"]""")]
    [InlineData("""{"type": ["boolean", "null"]}""", """[true, false, null]""", """[0, "null"]""")]
    [InlineData("""{"enum": ["a", 1, null, {"b": [2]}]}""", """["a", 1, null, {"b":[2]}]""", """["b", 2]""")]
    [InlineData("""{"type": "string", "enum": ["a", 1]}""", """["a"]""", """[1]""")]
    [InlineData("""{"const": "x\"y"}""", """["x\"y"]""", """["x"]""")]
    [InlineData("""{"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2}""", """[[1], [1, 2]]""", """[[], [1, 2, 3], ["a"]]""")]
    [InlineData("""{"prefixItems": [{"const": 1}, {"const": 2}], "items": {"const": 3}, "minItems": 1}""", """[[1], [1, 2], [1, 2, 3, 3]]""", """[[], [2], [1, 3]]""")]
    [InlineData("""{"prefixItems": [{"const": 1}], "items": false}""", """[[], [1]]""", """[[1, 1]]""")]
    [InlineData("""{"items": [{"const": 1}], "additionalItems": {"const": 2}}""", """[[], [1], [1, 2, 2]]""", """[[2]]""")]
    [InlineData("""{"properties": {"a": {"const": 1}, "b": {"const": 2}}, "required": ["b"]}""", """[{"a": 1, "b": 2}, {"b": 2}]""", """[{}, {"a": 1}, {"b": 2, "c": 3}]""")]
    [InlineData("""{"properties": {"a": {"const": 1}, "b": {"const": 2}, "c": {"const": 3}}}""",
        """[{}, {"a": 1}, {"b": 2}, {"c": 3}, {"a": 1, "c": 3}, {"b": 2, "c": 3}, {"a": 1, "b": 2, "c": 3}]""", """[{"b": 2, "a": 1}, {"a": 2}]""")]
    [InlineData("""{"properties": {"ab": {"const": 1}}, "additionalProperties": {"const": 2}}""",
        """[{}, {"ab": 1}, {"ab": 1, "a": 2, "abc": 2, "x": 2}, {"b": 2}]""", """[{"ab": 2}, {"x": 1}, {"": 2}]""")]
    [InlineData("""{"type": "object", "additionalProperties": {"const": 1}, "minProperties": 1, "maxProperties": 2}""", """[{"a": 1}, {"a": 1, "b": 1}]""", """[{}, {"a": 1, "b": 1, "c": 1}]""")]
    [InlineData("""{"type": "object", "required": ["x"]}""", """[{"x": [1, {"y": null}]}]""", """[{}]""")]
    [InlineData("""{"type": "object", "additionalProperties": false}""", """[{}]""", """[{"a": 1}]""")]
    [InlineData("""{"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n"}}}}}""", """[{}, {"next": {"next": {}}}]""", """[{"next": 1}]""")]
    [InlineData("""{"definitions": {"a/b~c": {"const": 1}}, "$ref": "#/definitions/a~1b~0c"}""", """[1]""", """[2]""")]
    [InlineData("""{"anyOf": [{"type": "string", "maxLength": 1}, {"type": "integer"}], "minimum": 5}""", """["a", 5]""", """["ab", 4]""")]
    [InlineData("""{"oneOf": [{"properties": {"k": {"const": "a"}, "v": {"type": "integer"}}, "required": ["k"]}, {"properties": {"k": {"const": "b"}}, "required": ["k"]}], "type": "object"}""",
        """[{"k": "a", "v": 1}, {"k": "b"}]""", """[{"k": "b", "v": 1}, {"k": "c"}]""")]
    [InlineData("""{"allOf": [{"type": "number", "minimum": 3}, {"type": "integer", "maximum": 9, "minimum": 1}]}""", """[3, 9]""", """[2, 10]""")]
    [InlineData("""{"allOf": [{"properties": {"a": {"minimum": 1}}, "required": ["a"]}, {"properties": {"a": {"maximum": 2}, "b": {"const": 0}}}], "type": "object"}""",
        """[{"a": 1}, {"a": 2, "b": 0}]""", """[{"a": 3}, {"b": 0}]""")]
    [InlineData("""{"type": "string", "format": "date"}""", """["2024-02-28", "1999-12-31"]""", """["2024-02-30", "2024-13-01", "24-01-01"]""")]
    [InlineData("""{"type": "string", "format": "date-time", "minLength": 1}""", """["2024-01-31T23:59:59Z", "2024-01-31T00:00:00.5+01:00"]""", """["2024-01-31", "2024-01-31T24:00:00Z"]""")]
    [InlineData("""{"type": "string", "format": "ipv4"}""", """["0.0.0.0", "255.10.9.199"]""", """["256.0.0.1", "1.2.3"]""")]
    [InlineData("""{"type": "string", "pattern": "^-?(\\d+\\.)?\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,7})?$"}""", """["12:30:00", "-4.01:02:03.5"]""", """["1:2:3", "x"]""")]
    [InlineData("""{"type": "string", "pattern": "^a|b$"}""", """["axx", "xxb"]""", """["xa", "bx"]""")]
    [InlineData("""{"type": "string", "pattern": "[\"\\\\]"}""", """["x\"y", "\\"]""", """["xy"]""")]
    [InlineData("""{"type": "string", "pattern": "^(?:[^a-c\\d]|\\w{2,3}?)$"}""", """["d", "!", "ab", "a_1"]""", """["a", "7", "abcd"]""")]
    [InlineData("""{"type": "string", "title": "t", "description": "d", "default": "x", "x-note": 1, "$comment": "c"}""", """["a"]""", """[1]""")]
    [InlineData("""true""", """[{"a": [1, "b", null, true, 1.5]}]""", """[]""")]
    public void What_the_schema_asks_for_is_what_the_grammar_allows(string schema, string valid, string invalid)
    {
        var grammar = Grammar.FromJsonSchema(schema);
        foreach (var value in JsonElement.Parse(valid).EnumerateArray())
            Assert.True(grammar.Matches(Compact(value)), $"{value.GetRawText()} should be allowed by\n{grammar.Text}");
        foreach (var value in JsonElement.Parse(invalid).EnumerateArray())
            Assert.False(grammar.Matches(Compact(value)), $"{value.GetRawText()} should not be allowed by\n{grammar.Text}");
    }

    [Theory]
    [InlineData("""{"type": "object", "properties": {"a": {"not": {}}}}""", "/properties/a: the keyword 'not' is not supported")]
    [InlineData("""{"multipleOf": 3}""", "the keyword 'multipleOf' is not supported")]
    [InlineData("""{"type": "array", "uniqueItems": true}""", "'uniqueItems' is not supported")]
    [InlineData("""{"type": "object", "patternProperties": {}}""", "the keyword 'patternProperties' is not supported")]
    [InlineData("""{"type": "text"}""", "'text' is no type of JSON")]
    [InlineData("""{"type": 5}""", "'type' must be a string or an array of strings, found 5")]
    [InlineData("""{"type": []}""", "allows no type")]
    [InlineData("""{"enum": []}""", "no value is allowed")]
    [InlineData("""{"type": "integer", "enum": ["a"]}""", "no value is allowed")]
    [InlineData("""{"enum": [1], "minimum": 1}""", "'minimum' is not supported together with 'enum'")]
    [InlineData("""{"anyOf": []}""", "'anyOf' allows nothing")]
    [InlineData("""{"oneOf": [{"type": "integer"}, {"type": "number"}]}""", "alternatives 0 and 1 of 'oneOf' may hold at once")]
    [InlineData("""{"oneOf": [{"const": 1}, {"enum": [1, 2]}]}""", "alternatives 0 and 1 of 'oneOf' may hold at once")]
    [InlineData("""{"oneOf": [{"type": "object", "properties": {"a": {}}}, {"type": "object", "properties": {"b": {}}}]}""", "may hold at once")]
    [InlineData("""{"allOf": [{"type": "string"}, {"type": "integer"}]}""", "no value is of type \"string\" and of type \"integer\"")]
    [InlineData("""{"allOf": [{"properties": {"a": {}}, "additionalProperties": false}, {"properties": {"b": {}}, "required": ["b"]}]}""", "'b' is required by one schema and forbidden by another")]
    [InlineData("""{"type": "string", "minLength": 3, "maxLength": 2}""", "at least 3 and at most 2 characters")]
    [InlineData("""{"type": "string", "minLength": -1}""", "'minLength' must be a whole number")]
    [InlineData("""{"type": "string", "maxLength": 1000000}""", "lengths above 100000 are not supported")]
    [InlineData("""{"type": "string", "format": "color"}""", "the format 'color' is not supported; known are date")]
    [InlineData("""{"type": "string", "format": "uuid", "maxLength": 5}""", "'uuid' has 36 to 36 characters")]
    [InlineData("""{"type": "string", "pattern": "(?=a)"}""", "the pattern '(?=a)', character 3: groups that start with '(?' are not supported")]
    [InlineData("""{"type": "string", "pattern": "\\bword"}""", "the escape '\\b' is not supported")]
    [InlineData("""{"type": "string", "pattern": "(a)\\1"}""", "the escape '\\1' is not supported")]
    [InlineData("""{"type": "string", "pattern": "a)"}""", "')' is not expected")]
    [InlineData("""{"type": "string", "pattern": "a", "maxLength": 3}""", "'pattern' is not supported together with a length")]
    [InlineData("""{"type": "integer", "minimum": 5, "maximum": 4}""", "no integer lies within the bounds")]
    [InlineData("""{"type": "number", "minimum": 5, "exclusiveMaximum": 5}""", "no number lies within the bounds")]
    [InlineData("""{"type": "number", "minimum": 1e300}""", "'minimum' is 1e300, which is beyond the range")]
    [InlineData("""{"type": "integer", "minimum": 1, "exclusiveMinimum": true}""", "'exclusiveMinimum' must be a number")]
    [InlineData("""{"type": "array", "minItems": 3, "maxItems": 2}""", "at least 3 and at most 2 items")]
    [InlineData("""{"type": "array", "minItems": 2, "prefixItems": [{}], "items": false}""", "'minItems' is 2, but only 1 items are allowed")]
    [InlineData("""{"type": "object", "required": ["a"], "additionalProperties": false}""", "'a' is required, but not among the properties")]
    [InlineData("""{"type": "object", "minProperties": 2}""", "'minProperties' is supported up to")]
    [InlineData("""{"$ref": "other.json"}""", "the reference 'other.json' is not supported")]
    [InlineData("""{"$ref": "#/$defs/a"}""", "leads nowhere: there is no '$defs'")]
    [InlineData("""{"$ref": "#"}""", "calls itself before it has read anything")]
    [InlineData("""{"anyOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}""", "the references lead in a circle")]
    [InlineData("""{"properties": {"a": false}, "required": ["a"]}""", "/properties/a: the schema allows no value")]
    [InlineData("false", "the schema allows no value")]
    [InlineData("[]", "a schema must be an object or a boolean, found an array")]
    [InlineData("{", "the text is no JSON")]
    public void What_no_grammar_can_be_made_for_is_named(string schema, string expected) =>
        Assert.Contains(expected, Assert.Throws<GrammarException>(() => Grammar.FromJsonSchema(schema)).Message);

    [Fact]
    public void Bounds_hold_for_all_integers_around_them()
    {
        var random = new Random(11);
        for (var i = 0; i < 60; i++)
        {
            var low = random.Next(-1200, 1200);
            var high = low + random.Next(0, 1 << random.Next(1, 12));
            var grammar = Grammar.FromJsonSchema($$"""{"type": "integer", "minimum": {{low}}, "maximum": {{high}}}""");
            for (var value = low - 15; value <= high + 15; value++)
                Assert.True(grammar.Matches(value.ToString(CultureInfo.InvariantCulture)) == (low <= value && value <= high), $"{value} in {low}..{high}");
        }
    }

    [Fact]
    public void Bounds_hold_for_decimals_around_them()
    {
        var random = new Random(12);
        for (var i = 0; i < 200; i++)
        {
            var low = random.Next(-300, 300) / 100m;
            var high = low + random.Next(0, 250) / 100m;
            var (openLow, openHigh) = (random.Next(2) == 0, random.Next(2) == 0);
            if (low == high && (openLow || openHigh))
                continue;
            var grammar = Grammar.FromJsonSchema(
                $$"""{"type": "number", "{{(openLow ? "exclusiveMinimum" : "minimum")}}": {{Text(low)}}, "{{(openHigh ? "exclusiveMaximum" : "maximum")}}": {{Text(high)}}}""");
            for (var value = decimal.Floor(low) - 1; value <= high + 1; value += 0.005m)
            {
                var isWithin = (openLow ? value > low : value >= low) && (openHigh ? value < high : value <= high);
                Assert.True(grammar.Matches(Text(value)) == isWithin, $"{value} in {low} (open: {openLow}) to {high} (open: {openHigh})\n{grammar.Text}");
                Assert.True(grammar.Matches(value.ToString("0.####", CultureInfo.InvariantCulture)) == isWithin, $"{value:0.####} in {low} to {high}");
            }
        }

        static string Text(decimal value) => value.ToString(CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Long_chains_of_references_are_followed_or_refused()
    {
        var links = Enumerable.Range(0, 5000).Select(i => $"\"d{i}\": {{\"$ref\": \"#/$defs/d{i + 1}\"}}, ");
        var schema = "{\"$ref\": \"#/$defs/d0\", \"$defs\": {" + string.Concat(links) + "\"d5000\": {\"const\": 1}}}";
        try
        {
            Assert.True(Grammar.FromJsonSchema(schema).Matches("1"));
        }
        catch (GrammarException exception)
        {
            Assert.Contains("deeper and deeper", exception.Message);
        }
    }

    /// <summary>As the grammar writes it: the value without spaces.</summary>
    private static string Compact(JsonElement value) => value.ValueKind == JsonValueKind.String
        ? value.GetRawText()
        : System.Text.RegularExpressions.Regex.Replace(value.GetRawText(), "(?<=[,:]) ", "");
}
