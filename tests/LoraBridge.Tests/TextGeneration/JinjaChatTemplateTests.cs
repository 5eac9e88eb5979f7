using LoraBridge.TextGeneration;
using LoraBridge.Tests.TextGeneration.Jinja;

namespace LoraBridge.Tests.TextGeneration;

/// <summary>Templates written with the constructs that published ones use; the expected texts are what Python's Jinja2 writes.</summary>
public class JinjaChatTemplateTests
{
    private const string Calls =
        """[{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Köln\", \"days\": 2}"}}]""";

    private const string Tools =
        """[{"type": "function", "function": {"name": "weather", "description": "Tells it", "return": 1, "parameters": {"type": "object"}}}]""";

    private static readonly ChatMessage System = new(ChatRole.System, " Be kind. ");
    private static readonly ChatMessage User = new(ChatRole.User, "Hello");
    private static readonly ChatMessage Assistant = new(ChatRole.Assistant, "Hi!");
    private static readonly ChatMessage Call = new(ChatRole.Assistant, "") { ToolCalls = Calls };
    private static readonly ChatMessage Result = new(ChatRole.Tool, "3 degrees") { ToolCallId = "c1" };

    [Fact]
    public void Chatml() => Assert.Equal(
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n",
        Render("chatml", true, System, User));

    [Fact]
    public void Headers_with_a_date_and_a_tool_call() => Assert.Equal(
        "<s><|start_header_id|>system<|end_header_id|>\n\nToday: 07 Mar 2026\n\nBe kind.<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n{\"name\": \"weather\", \"parameters\": {\"city\": \"Köln\", \"days\": 2}}<|eot_id|>"
        + "<|start_header_id|>ipython<|end_header_id|>\n\n3 degrees<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n",
        Render("headers-with-date", true, System, User, Call, Result));

    [Fact]
    public void Alternating_turns() => Assert.Equal(
        "<s><start_of_turn>user\nHello<end_of_turn>\n<start_of_turn>model\nHi!<end_of_turn>\n<start_of_turn>user\nHello<end_of_turn>\n<start_of_turn>model\n",
        Render("alternating-turns", true, User, Assistant, User));

    [Fact]
    public void Where_there_is_no_system_role_the_first_question_begins_with_it() => Assert.Equal(
        "<s><start_of_turn>user\nBe kind.\n\nHello<end_of_turn>\n<start_of_turn>model\n", Render("alternating-turns", true, System, User));

    [Fact]
    public void A_conversation_the_template_refuses_is_an_exception()
    {
        Assert.Contains("no system role", Assert.Throws<ChatTemplateException>(() => Render("alternating-turns", true, System, Assistant)).Message);
        Assert.Contains("take turns", Assert.Throws<ChatTemplateException>(() => Render("alternating-turns", true, User, User)).Message);
    }

    [Fact]
    public void Instructions_with_tools() => Assert.Equal(
        "<s>[INST]Hello[/INST]Hi!</s>[AVAILABLE_TOOLS][{\"type\": \"function\", \"function\": {\"name\": \"weather\", \"description\": \"Tells it\", "
        + "\"parameters\": {\"type\": \"object\"}}}][/AVAILABLE_TOOLS][INST]Hello[/INST]"
        + "[TOOL_CALLS][{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\", \"days\": 2}, \"id\": \"c1\"}]</s>"
        + "[TOOL_RESULTS]{\"content\": 3 degrees, \"call_id\": \"c1\"}[/TOOL_RESULTS]",
        Template("instruct-with-tools").Render([User, Assistant, User, Call, Result], false, Tools));

    [Fact]
    public void Reasoning_is_kept_after_the_last_question_only()
    {
        var thinking = new ChatMessage(ChatRole.Assistant, "<think>\nolder\n</think>\n\nHi!");
        var last = Assistant with { Reasoning = "because\n" };
        Assert.Equal(
            "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHi!<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n"
            + "<|im_start|>assistant\n<think>\nbecause\n</think>\n\nHi!<|im_end|>\n",
            Render("reasoning", false, User, thinking, User, last));
        Assert.EndsWith("<|im_start|>assistant\n", Render("reasoning", true, User));
    }

    [Fact]
    public void Arguments_go_as_text_to_a_template_that_concatenates_them() => Assert.Equal(
        "<User>Hello<call>weather\n```json\n{\"city\": \"Köln\", \"days\": 2}\n```</call>",
        Render("string-arguments", false, User, Call));

    [Theory]
    [InlineData("{", null)]
    [InlineData(null, "nonsense")]
    [InlineData("{}", null)]
    public void Tools_that_are_no_json_array_are_refused(string? calls, string? tools) => Assert.Throws<ChatTemplateException>(
        () => Template("chatml").Render([User with { ToolCalls = calls }], false, tools));

    private static string Render(string name, bool addGenerationPrompt, params ChatMessage[] messages) =>
        Template(name).Render(messages, addGenerationPrompt);

    private static JinjaChatTemplate Template(string name) => new(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "TextGeneration", "Templates", name + ".jinja")),
        "<s>", "</s>", new JinjaTestHelper.FixedClock());
}
