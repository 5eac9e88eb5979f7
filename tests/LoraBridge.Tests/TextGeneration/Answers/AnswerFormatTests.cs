using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration.Answers;

public class AnswerFormatTests
{
    private const string Tools = """[{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"s": {"type": "string"}, "n": {"type": "integer"}}}}}]""";

    [Theory]
    [InlineData("<tool_call>", "ok\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"n\": 1}}\n</tool_call>", "ok", """f {"n": 1}""")]
    [InlineData("<tool_call>", "<tool_call>{\"name\": \"f\", \"arguments\": {\"s\": \"</tool_call>\"}}</tool_call>", "", """f {"s": "</tool_call>"}""")]
    [InlineData("<tool_call>", "<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"n\\\": 2}\"}", "", """f {"n": 2}""")]
    [InlineData("<tool_call>", "a < b <tool and <tool_call>no JSON</tool_call>", "a < b <tool and <tool_call>no JSON</tool_call>", "")]
    [InlineData("<tool_call>", "<tool_call>{\"name\": \"f\", \"arguments\": {", "<tool_call>{\"name\": \"f\", \"arguments\": {", "")]
    [InlineData("<function= <parameter=", "<tool_call>\n<function=f>\n<parameter=s>\n12\n</parameter>\n<parameter=n>\n12\n</parameter>\n</function>\n</tool_call>", "", """f {"s":"12","n":12}""")]
    [InlineData("<|tool_call|>", "<|tool_call|>[{\"name\": \"f\", \"arguments\": {}}, {\"name\": \"f\", \"arguments\": {\"n\": 2}}]", "", """f {}; f {"n": 2}""")]
    [InlineData("<|tool_call|> <|/tool_call|>", "<|tool_call|>[{\"name\": \"f\", \"arguments\": {}}]<|/tool_call|>", "", "f {}")]
    [InlineData("[TOOL_CALLS]", "[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {}, \"id\": \"abc\"}]", "", "f {}")]
    [InlineData("[TOOL_CALLS] [ARGS]", "[TOOL_CALLS]f[ARGS]{\"n\": 1}[TOOL_CALLS]f[CALL_ID]xyz[ARGS]{}", "", """f {"n": 1}; f {}""")]
    [InlineData("ipython \"parameters\": ", "{\"name\": \"f\", \"parameters\": {\"n\": 1}}", "", """f {"n": 1}""")]
    [InlineData("ipython \"parameters\": ", "{\"type\": \"function\", \"name\": \"f\", \"parameters\": {}}; {\"name\": \"f\", \"parameters\": {}}", "", "f {}; f {}")]
    [InlineData("ipython \"parameters\": ", "{\"name\": \"Ada\"}", "{\"name\": \"Ada\"}", "")]
    [InlineData("ipython \"parameters\": ", "It is {\"name\": \"f\", \"parameters\": {}}", "It is {\"name\": \"f\", \"parameters\": {}}", "")]
    [InlineData("<|START_ACTION|>", "<|START_ACTION|>[\n {\"tool_call_id\": \"0\", \"tool_name\": \"f\", \"parameters\": {}}\n]<|END_ACTION|>", "", "f {}")]
    [InlineData("<|tool_call_start|>", "<|tool_call_start|>[f(s='it\\'s', n=-1), f()]<|tool_call_end|>", "", """f {"s":"it's","n":-1}; f {}""")]
    [InlineData("<arg_key>", "<tool_call>f\n<arg_key>s</arg_key>\n<arg_value>1</arg_value>\n</tool_call>", "", """f {"s":"1"}""")]
    [InlineData("<|tool_calls_section_begin|>", "<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>", "", "f {}")]
    [InlineData("<|tool_call>call:", "<|tool_call>call:f{n:1,s:<|\"|>a,}b<|\"|>}<tool_call|>", "", """f {"n":1,"s":"a,}b"}""")]
    [InlineData("<|channel|> <|message|>", "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"n\": 1}", "", """f {"n": 1}""")]
    [InlineData("<|channel|> <|message|>", "<|channel|>commentary<|message|>I look.<|end|><|start|>assistant to=functions.f<|channel|>commentary json<|message|>{}<|call|>", "I look.", "f {}")]
    public void Calls_of_each_family_are_read(string template, string answer, string text, string calls)
    {
        var format = AnswerFormat.Recognize(template, _ => "");
        var random = new Random(3);
        foreach (var pieces in (IEnumerable<string>[])[[answer], answer.Select(character => character.ToString()), AnswerRecording.InPieces(answer, random)])
        {
            var parsed = AnswerRecording.Of(format.Parser("prompt", Tools), pieces);
            Assert.Equal((text, calls), (parsed.Text, string.Join("; ", parsed.Calls.Select(call => $"{call.Name} {call.Arguments}"))));
        }
    }

    [Theory]
    [InlineData("<think>", "", "<think>\nhm\n</think>\n\nYes.", "hm", "Yes.")]
    [InlineData("<think>", "<|assistant|><think>\n", "hm\n</think>\n\nYes.\n", "hm", "Yes.\n")]
    [InlineData("<think>", "<think>\n\n</think>\n\n", "Yes <think> no.", null, "Yes <think> no.")]
    [InlineData("<think>", "<think>", "cut off ", "cut off", "")]
    [InlineData("<think>", "", "a < b", null, "a < b")]
    [InlineData("[THINK]", "", "[THINK]hm[/THINK]Yes.", "hm", "Yes.")]
    [InlineData("<|channel>thought", "", "<|channel>thought\nhm\n<channel|>Yes.", "hm", "Yes.")]
    [InlineData("<|START_THINKING|> <|START_RESPONSE|> <|END_RESPONSE|>", "", "<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Yes.<|END_RESPONSE|>", "hm", "Yes.")]
    [InlineData("<|channel|> <|message|>", "", "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes.", "hm", "Yes.")]
    [InlineData("<|channel|> <|message|>", "", "just text", null, "just text")]
    public void Thoughts_of_each_family_are_told_apart(string template, string prompt, string answer, string? reasoning, string text)
    {
        var format = AnswerFormat.Recognize(template, _ => "");
        foreach (var pieces in (IEnumerable<string>[])[[answer], answer.Select(character => character.ToString())])
        {
            var parsed = AnswerRecording.Of(format.Parser(prompt, null), pieces);
            Assert.Equal((reasoning, text), (parsed.Reasoning, parsed.Text));
        }
    }

    [Fact]
    public void Without_tools_on_offer_nothing_is_a_call()
    {
        const string Answer = "<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>\n";
        var parsed = AnswerRecording.Of(AnswerFormat.Recognize("<tool_call>", _ => "").Parser("", null), [Answer]);
        Assert.Equal((Answer, 0), (parsed.Text, parsed.Calls.Count));
    }

    [Fact]
    public void Ids_are_those_of_the_format_or_made_of_the_prompt()
    {
        var given = AnswerRecording.Of(AnswerFormat.Recognize("[TOOL_CALLS]", _ => "").Parser("", Tools), ["[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}, \"id\": \"abc\"}]"]);
        Assert.Equal("abc", Assert.Single(given.Calls).Id);

        var format = AnswerFormat.Recognize("<tool_call>", _ => "");
        string Id(string prompt) => Assert.Single(AnswerRecording.Of(format.Parser(prompt, Tools), ["<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>"]).Calls).Id;
        Assert.Equal(Id("one"), Id("one"));
        Assert.NotEqual(Id("one"), Id("two"));
        Assert.Matches("^[a-zA-Z0-9]{9}$", Id("one"));
    }

    [Theory]
    [InlineData("{", "The tools are no JSON")]
    [InlineData("{}", "The tools must be a JSON array")]
    [InlineData("[{\"type\": \"function\"}]", "A tool has no name")]
    public void Tools_that_are_none_are_refused(string tools, string expected) =>
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => AnswerFormat.Plain.Parser("", tools)).Message);
}
