using System.Text;
using System.Text.Json;
using Json.Schema;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;
using LoraBridge.TextGeneration.Grammars;

namespace LoraBridge.Tests.TextGeneration.Answers;

/// <summary>Calls that a model must make are written in the format of its family, and follow the schemas of the tools.</summary>
public sealed class NativeCallFormatTests : IDisposable
{
    private const string Parameters = """
        {"type": "object", "properties": {"city": {"type": "string", "minLength": 1, "maxLength": 9}, "days": {"type": "integer", "minimum": 1, "maximum": 9},
        "unit": {"type": "string", "enum": ["°C", "°F"]}, "exact": {"type": "boolean"}, "hours": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 23}, "maxItems": 3},
        "place": {"type": "object", "properties": {"zip": {"type": "string", "maxLength": 5}}, "required": ["zip"], "additionalProperties": false}},
        "required": ["city", "days"], "additionalProperties": false}
        """;

    private const string Tools = $$$"""[{"type": "function", "function": {"name": "weather", "parameters": {{{Parameters}}}}}, {"type": "function", "function": {"name": "stop"}}]""";

    private readonly LM _model = SmallWorld.Load();
    private readonly SingleTurnConversation _conversation;

    public NativeCallFormatTests() => _conversation = new SingleTurnConversation(_model, contextLength: 1024);

    /// <summary>What templates of the families say, and a call as they write it.</summary>
    public static TheoryData<string, string> Families => new()
    {
        { "<tool_call><function=x><parameter=y>", "<tool_call>\n<function=weather>\n<parameter=city>\nOulu\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>" },
        { "<seed:tool_call><function=x><parameter=y>", "<seed:tool_call>\n<function=weather>\n<parameter=city>\nOulu\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</seed:tool_call>" },
        { "<tool_call>x<arg_key>y</arg_key>", "<tool_call>weather<arg_key>city</arg_key><arg_value>Oulu</arg_value><arg_key>days</arg_key><arg_value>2</arg_value></tool_call>" },
        { "<tool_call>x\\n<arg_key>y</arg_key>\\n", "<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Oulu</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>" },
        { "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{\"city\": \"Oulu\", \"days\": 2}<｜tool▁call▁end｜><｜tool▁calls▁end｜>" },
        { "<｜tool▁calls▁begin｜>```json", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{\"city\": \"Oulu\", \"days\": 2}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>" },
        { "｜DSML｜function_calls", "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"weather\">\n<｜DSML｜parameter name=\"city\" string=\"true\">Oulu</｜DSML｜parameter>\n<｜DSML｜parameter name=\"days\" string=\"false\">2</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>" },
        { "<|tool_calls_section_begin|>", "<|tool_calls_section_begin|><|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|>{\"city\": \"Oulu\", \"days\": 2}<|tool_call_end|><|tool_calls_section_end|>" },
        { "<|tool_call>call:", "<|tool_call>call:weather{city:<|\"|>Oulu<|\"|>,days:2}<tool_call|>" },
    };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _conversation.Dispose();
        _model.Dispose();
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_call_that_is_required_is_in_the_familys_format_and_valid(string marks, string call)
    {
        _conversation.ChatTemplate = TemplateWith(marks);
        var schema = JsonSchema.FromText(Parameters);
        for (var seed = 0u; seed < 6; seed++)
        {
            var result = Generate(ToolChoice.Tool("weather"), seed);
            var made = Assert.Single(result.ToolCalls);
            Assert.Equal(("weather", "", StopReason.EndOfTurn), (made.Name, result.Text, result.StopReason));
            using var arguments = JsonDocument.Parse(made.Arguments);
            Assert.True(schema.Evaluate(arguments.RootElement).IsValid, made.Arguments);
            Assert.StartsWith(Opening(call), Encoding.UTF8.GetString([.. result.Tokens.SelectMany(token => _model.Vocabulary.Piece(token))]), StringComparison.Ordinal);
        }
        Assert.Equal("stop", Assert.Single(Generate(ToolChoice.Tool("stop"), 1).ToolCalls).Name);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_call_that_may_be_made_follows_the_grammar_from_its_opening_on(string marks, string call)
    {
        _conversation.ChatTemplate = TemplateWith(marks);
        var template = new JinjaChatTemplate(TemplateWith(marks));
        var format = AnswerFormat.Recognize(TemplateWith(marks), messages => template.Render(messages, false));
        var grammar = AnswerPlan.For(format, new GenerationOptions { Tools = Tools }, SamplingMode.Greedy, "", 0).Sampling.Grammar!;
        Assert.Equal([format.Tools!.Openings[0]], grammar.Triggers);
        var matcher = new GrammarMatcher(grammar.Program);
        Assert.True(matcher.Step(matcher.Start, Encoding.UTF8.GetBytes(call)) is { CanEnd: true }, call);
        Assert.Null(matcher.Step(matcher.Start, Encoding.UTF8.GetBytes(call.Replace("weather", "whether", StringComparison.Ordinal))));
        Assert.Null(matcher.Step(matcher.Start, Encoding.UTF8.GetBytes(call.Replace('2', '0'))));
        var parser = format.Parser("", Tools);
        parser.Append(call, _ => { });
        parser.Complete(_ => { });
        Assert.Equal(("weather", """{"city":"Oulu","days":2}"""), (Assert.Single(parser.ToolCalls).Name, parser.ToolCalls[0].Arguments.Replace(" ", "", StringComparison.Ordinal)));
    }

    private static string Opening(string call) => call[..(call.IndexOfAny(['>', ':']) + 1)];

    private static string TemplateWith(string marks) =>
        $"{{% for m in messages %}}{{{{ m.content }}}}{{% endfor %}}{{% if false %}}{{{{ '{marks}' }}}}{{% endif %}}";

    private TextGenerationResult Generate(ToolChoice choice, uint seed) => _conversation.Generate(
        [new ChatMessage(ChatRole.User, "Weather?")],
        new GenerationOptions { Tools = Tools, ToolChoice = choice, SamplingMode = new SamplingMode { Temperature = 1, Seed = seed }, MaximumCompletionTokens = 600 },
        Stop);
}
