using LoraBridge.TextGeneration;
using LoraBridge.Tests.TextGeneration.Jinja;

namespace LoraBridge.Tests.TextGeneration;

/// <summary>
/// The formats of published models, with tools: Qwen and Hermes, Llama 3, Phi, DeepSeek. Templates are our own writing; the expected
/// texts are what Python's Jinja2 makes of them.
/// </summary>
public class PublishedFormatTests
{
    private const string Tools = """[{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]""";

    private static readonly ChatMessage System = new(ChatRole.System, " Be kind. ");
    private static readonly ChatMessage User = new(ChatRole.User, "Hello");
    private static readonly ChatMessage Assistant = new(ChatRole.Assistant, "Hi!");
    private static readonly ChatMessage Result = new(ChatRole.Tool, "3 degrees") { ToolCallId = "c1" };
    private static readonly ChatMessage Call = new(ChatRole.Assistant, "")
    {
        ToolCalls = """[{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Köln\", \"days\": 2}"}}]""",
    };

    [Fact]
    public void Tools_in_the_system_turn_and_results_in_one_turn() => Assert.Equal(
        "<|im_start|>system\n Be kind. \n\n# Tools\n\n<tools>\n"
        + "{\"type\": \"function\", \"function\": {\"name\": \"weather\", \"parameters\": {\"type\": \"object\"}}}\n</tools><|im_end|>\n"
        + "<|im_start|>user\nHello<|im_end|>\n"
        + "<|im_start|>assistant\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\", \"days\": 2}}\n</tool_call><|im_end|>\n"
        + "<|im_start|>user\n<tool_response>\n3 degrees\n</tool_response>\n<tool_response>\n3 degrees\n</tool_response><|im_end|>\n"
        + "<|im_start|>assistant\n",
        Render("tools-in-system", true, Tools, System, User, Call, Result, Result));

    [Fact]
    public void A_system_turn_of_the_templates_own() => Assert.Equal(
        "<|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHi!<|im_end|>\n",
        Render("tools-in-system", false, null, User, Assistant));

    [Fact]
    public void Tools_in_the_first_question() => Assert.Equal(
        "<s><|start_header_id|>system<|end_header_id|>\n\nEnvironment: ipython\nBe kind.<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\n{\n    \"type\": \"function\",\n    \"function\": {\n        \"name\": \"weather\",\n"
        + "        \"parameters\": {\n            \"type\": \"object\"\n        }\n    }\n}\n\nHello<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n{\"name\": \"weather\", \"parameters\": {\"city\": \"Köln\", \"days\": 2}}<|eot_id|>"
        + "<|start_header_id|>ipython<|end_header_id|>\n\n\"3 degrees\"<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n",
        Render("tools-in-question", true, Tools, System, User, Call, Result));

    [Fact]
    public void Headers_without_tools() => Assert.Equal(
        "<s><|start_header_id|>system<|end_header_id|>\n\n<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\nHi!<|eot_id|>",
        Render("tools-in-question", false, null, User, Assistant));

    [Theory]
    [InlineData(false, "<|system|>\n Be kind. <|end|>\n<|user|>\nHello<|end|>\n<|assistant|>\nHi!<|end|>\n</s>")]
    [InlineData(true, "<|system|>\n Be kind. <|end|>\n<|user|>\nHello<|end|>\n<|assistant|>\nHi!<|end|>\n<|assistant|>\n")]
    public void Tags_with_a_mark_at_the_end_of_all(bool addGenerationPrompt, string expected) =>
        Assert.Equal(expected, Render("tags-and-final-mark", addGenerationPrompt, null, System, User, Assistant));

    [Fact]
    public void Calls_and_outputs_between_marks() => Assert.Equal(
        "<s> Be kind. <｜User｜>Hello<｜Assistant｜><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n"
        + "```json\n{\"city\": \"Köln\", \"days\": 2}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜></s>"
        + "<｜tool▁outputs▁begin｜><｜tool▁output▁begin｜>3 degrees<｜tool▁output▁end｜><｜tool▁outputs▁end｜>Hi!</s>"
        + "<｜User｜>Hello<｜Assistant｜><think>\n",
        Render("tool-outputs", true, null, System, User, Call, Result, Assistant, User));

    [Fact]
    public void Thoughts_of_the_past_are_left_out() => Assert.Equal(
        "<s><｜User｜>Hello<｜Assistant｜>\n\nHi!</s>",
        Render("tool-outputs", false, null, User, new ChatMessage(ChatRole.Assistant, "<think>\nolder\n</think>\n\nHi!")));

    private static string Render(string name, bool addGenerationPrompt, string? tools, params ChatMessage[] messages) => new JinjaChatTemplate(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "TextGeneration", "Templates", name + ".jinja")),
        "<s>", "</s>", new JinjaTestHelper.FixedClock()).Render(messages, addGenerationPrompt, tools);
}
