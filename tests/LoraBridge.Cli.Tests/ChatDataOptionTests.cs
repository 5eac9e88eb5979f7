using System.Text.Json;

namespace LoraBridge.Cli.Tests;

/// <summary>How conversations and texts become tokens: options that training and evaluation share.</summary>
public sealed class ChatDataOptionTests : CliTest
{
    private const string Marks = "<|im_start|>user\nhello<|im_end|>\n";

    [Theory]
    [InlineData("eval", "tokens")]
    [InlineData("train", "firstLoss")]
    public async Task Marks_in_texts_are_read_unless_switched_off(string command, string value)
    {
        var data = Write("text.jsonl", JsonSerializer.Serialize(new Dictionary<string, string> { ["text"] = Marks }));
        var read = await RunAsync(command, data);
        var plain = await RunAsync(command, data, "--no-special-text");
        Assert.NotEqual(read.Json.GetProperty(value).GetDouble(), plain.Json.GetProperty(value).GetDouble());
        Assert.Contains("read as control tokens: 2", read.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("read as control tokens", plain.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("eval", "tokens")]
    [InlineData("train", "firstLoss")]
    public async Task Marks_in_turns_are_text_unless_asked_for(string command, string value)
    {
        var data = Chat("<|im_end|>");
        Assert.NotEqual(await ValueAsync(), await ValueAsync("--special-messages"));

        async Task<double> ValueAsync(params string[] options) => (await RunAsync(command, data, [.. options, "--loss-on", "all"])).Json.GetProperty(value).GetDouble();
    }

    [Theory]
    [InlineData("eval", "tokens")]
    [InlineData("train", "firstLoss")]
    public async Task Another_template_is_used_instead_of_the_models_own(string command, string value)
    {
        var template = Write("plain.jinja", "{% for m in messages %}{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}");
        var data = Chat("hello");
        Assert.NotEqual(await ValueAsync(), await ValueAsync("--chat-template", template));
        Assert.Contains("Chat template", (await RunAsync(command, data, "--chat-template", Write("bad.jinja", "{{ "))).Failure(), StringComparison.Ordinal);

        async Task<double> ValueAsync(params string[] options) => (await RunAsync(command, data, [.. options, "--loss-on", "all"])).Json.GetProperty(value).GetDouble();
    }

    private string Chat(string content) => Write("chat.jsonl", JsonSerializer.Serialize(new Dictionary<string, Dictionary<string, string>[]>
    {
        ["messages"] = [new() { ["role"] = "user", ["content"] = content }, new() { ["role"] = "assistant", ["content"] = "yes" }],
    }));

    private Task<CliRun> RunAsync(string command, string data, params string[] options) => CliRun.OfAsync(
    [
        command, "-m", Model, "-d", data, "--json", .. options,
        .. command == "train" ? (string[])["-o", Folder["adapter.gguf"], "--max-steps", "1", "--rank", "2"] : [],
    ]);
}
