namespace LoraBridge.Cli.Tests;

public sealed class GenerateTests : CliTest
{
    [Fact]
    public async Task An_answer_is_one_json_object()
    {
        var json = (await CliRun.OfAsync("generate", "-m", Model, "-p", "hello", "-n", "5", "--temp", "0", "--json")).Json;
        Assert.InRange(json.GetProperty("tokens").GetInt32(), 0, 5);
        Assert.Equal(System.Text.Json.JsonValueKind.String, json.GetProperty("text").ValueKind);
        Assert.Contains(json.GetProperty("stopReason").GetString(), (string[])["maximumTokens", "endOfTurn"]);
        Assert.True(json.GetProperty("promptTokensPerSecond").GetDouble() > 0);
        Assert.True(json.GetProperty("tokensPerSecond").GetDouble() >= 0);
    }

    [Fact]
    public async Task A_conversation_in_a_file_is_answered()
    {
        var file = Write("messages.json", """[{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]}]""");
        var wrapped = Write("wrapped.json", """{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]}""");
        var (json, other) = (await AnswerAsync("--messages", file), await AnswerAsync("--messages", wrapped));
        Assert.Equal(
            ["text", "reasoning", "toolCalls", "tokens", "cachedTokens", "stopReason", "promptTokensPerSecond", "tokensPerSecond"],
            json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(json.GetProperty("text").GetString(), other.GetProperty("text").GetString());
        Assert.NotEqual(json.GetProperty("text").GetString(), (await AnswerAsync("-p", "hello")).GetProperty("text").GetString());

        async Task<System.Text.Json.JsonElement> AnswerAsync(params string[] what) =>
            (await CliRun.OfAsync(["generate", "-m", Model, "-n", "12", "--temp", "0", "--json", .. what])).Json;
    }

    [Theory]
    [InlineData("{", "is no JSON")]
    [InlineData("[]", "holds no messages")]
    [InlineData("""{"prompt": "hello"}""", "holds no messages")]
    [InlineData("""[{"content": "hello"}]""", "message 1 has no role")]
    [InlineData("""[{"role": "user", "content": "a"}, {"role": "user", "contents": "b"}]""", "message 2 has 'contents'")]
    [InlineData("""[{"role": "user", "content": 5}]""", "'content' is no text")]
    [InlineData("""[{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]""", "a part that is no text")]
    [InlineData("""[{"role": "user", "content": "a", "content": "b"}]""", "Duplicate property 'content'")]
    [InlineData("""[{"role": "user", "content": "\ud83d"}]""", "messages.json: ")]
    [InlineData("""[{"role": " ", "content": "a"}]""", "message 1 has no role")]
    [InlineData("""[{"role": "user"}]""", "message 1 has neither content nor tool_calls")]
    [InlineData("""[{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": "f"}]""", "message 2: 'tool_calls' is no array")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}], "temperature": 1}""", "has 'temperature', expected messages and tools")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}], "tools": {}}""", "'tools' is no array")]
    public async Task Messages_that_cannot_be_read_are_refused_in_words(string text, string reason) =>
        Assert.Contains(reason, (await CliRun.OfAsync("generate", "-m", Model, "--messages", Write("messages.json", text))).Failure(), StringComparison.Ordinal);

    [Fact]
    public async Task Tools_in_the_file_reach_the_template()
    {
        var template = Write("tools.jinja", "{{ (tools or [])|length }}{% for m in messages %}{{ m.content }}{% endfor %}");
        var (with, without) = (Write("with.json", """{"messages": [{"role": "user", "content": "hello"}], "tools": [{"type": "function", "function": {"name": "f"}}]}"""), Write("without.json", """{"messages": [{"role": "user", "content": "hello"}]}"""));
        Assert.Equal(await TextAsync("-p", "1hello", "--raw"), await TextAsync("--messages", with, "--chat-template", template));
        Assert.NotEqual(await TextAsync("-p", "1hello", "--raw"), await TextAsync("--messages", without, "--chat-template", template));

        async Task<string> TextAsync(params string[] options) => (await CliRun.OfAsync(
            ["generate", "-m", Model, "-n", "12", "--temp", "0", "--json", .. options])).Json.GetProperty("text").GetString()!;
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    public async Task Files_with_a_byte_order_mark_are_read(string encoding)
    {
        File.WriteAllText(Folder["messages.json"], """[{"role": "user", "content": "hello"}]""", System.Text.Encoding.GetEncoding(encoding));
        Assert.Equal(0, (await CliRun.OfAsync("generate", "-m", Model, "--messages", Folder["messages.json"], "-n", "1", "--json")).ExitCode);
    }

    [Theory]
    [InlineData("--messages")]
    [InlineData("--grammar")]
    [InlineData("--json-schema")]
    [InlineData("--chat-template")]
    public async Task Files_that_are_no_text_or_not_there_are_named(string option)
    {
        File.WriteAllBytes(Folder["latin.txt"], [(byte)'"', 0xE9, (byte)'"']);
        string[] prompt = option == "--messages" ? [] : ["-p", "hello"];
        Assert.Contains("latin.txt is not UTF-8 text", (await CliRun.OfAsync(["generate", "-m", Model, option, Folder["latin.txt"], .. prompt])).Failure(), StringComparison.Ordinal);
        Assert.Contains("none.txt", (await CliRun.OfAsync(["generate", "-m", Model, option, Folder["none.txt"], .. prompt])).Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_adapter_may_count_against_what_it_was_trained_for()
    {
        var adapter = Adapter(scaleOfB: 1);
        var texts = new[] { await TextAsync("-a", $"{adapter}:-1"), await TextAsync("-a", adapter), await TextAsync() };
        Assert.Equal(3, texts.Distinct().Count());
        Assert.Contains("expected a finite number", (await CliRun.OfAsync("generate", "-m", Model, "-p", "hello", "-a", $"{adapter}:nan")).Failure(2), StringComparison.Ordinal);

        async Task<string> TextAsync(params string[] adapters) => (await CliRun.OfAsync(
            ["generate", "-m", Model, "-p", "hello", "-n", "12", "--raw", "--temp", "0", "--json", .. adapters])).Json.GetProperty("text").GetString()!;
    }

    [Fact]
    public async Task Control_tokens_are_read_where_the_options_say_so()
    {
        Assert.NotEqual(await TextAsync("--raw"), await TextAsync("--raw", "--no-special-text"));
        Assert.NotEqual(await TextAsync(), await TextAsync("--special-messages"));

        async Task<string> TextAsync(params string[] options) => (await CliRun.OfAsync(
            ["generate", "-m", Model, "-p", "<|im_start|>", "-n", "12", "--temp", "0", "--json", .. options])).Json.GetProperty("text").GetString()!;
    }

    [Theory]
    [InlineData]
    [InlineData("-p", "hello", "--messages", "m.json")]
    [InlineData("--raw", "--messages", "m.json")]
    [InlineData("-p", "hello", "--min-p", "2")]
    public async Task A_prompt_or_messages_are_needed(params string[] options) => (await CliRun.OfAsync(["generate", "-m", Model, .. options])).Failure(2);

    [Fact]
    public async Task Sampling_from_one_token_is_greedy()
    {
        Assert.Equal(await TextAsync("--temp", "0"), await TextAsync("--temp", "5", "--top-k", "1"));
        Assert.Equal(await TextAsync("--temp", "0"), await TextAsync("--temp", "5", "--min-p", "1"));

        async Task<string> TextAsync(params string[] options) => (await CliRun.OfAsync(
            ["generate", "-m", Model, "-p", "hello", "-n", "12", "--raw", "--json", .. options])).Json.GetProperty("text").GetString()!;
    }

    [Fact]
    public async Task Answers_follow_a_grammar_or_a_schema()
    {
        var (grammar, schema) = (Write("yes.gbnf", "root ::= \"yes\" | \"no\""), Write("schema.json", """{"enum": ["red", "green"]}"""));
        Assert.Contains(await TextAsync("--grammar", grammar), (string[])["yes", "no"]);
        Assert.Contains(await TextAsync("--json-schema", schema), (string[])["\"red\"", "\"green\""]);
        (await CliRun.OfAsync("generate", "-m", Model, "-p", "hello", "--grammar", Write("bad.gbnf", "root ::= nothing"))).Failure();
        (await CliRun.OfAsync("generate", "-m", Model, "-p", "hello", "--grammar", grammar, "--json-schema", schema)).Failure(2);

        async Task<string> TextAsync(params string[] options) => (await CliRun.OfAsync(
            ["generate", "-m", Model, "-p", "hello", "-n", "40", "--no-thinking", "--json", .. options])).Json.GetProperty("text").GetString()!;
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_answer()
    {
        Assert.Equal(await TextAsync("7"), await TextAsync("7"));
        Assert.NotEqual(await TextAsync("7"), await TextAsync("8"));

        async Task<string> TextAsync(string seed) => (await CliRun.OfAsync(
            "generate", "-m", Model, "-p", "hello", "-n", "12", "--raw", "--temp", "2", "--top-p", "1", "--seed", seed, "--json"))
            .Json.GetProperty("text").GetString()!;
    }

    [Fact]
    public async Task An_adapter_of_scale_zero_changes_nothing()
    {
        var adapter = Adapter(scaleOfB: 1);
        Assert.Equal(await TextAsync(), await TextAsync("-a", $"{adapter}:0"));
        Assert.NotEqual(await TextAsync(), await TextAsync("-a", adapter));

        async Task<string> TextAsync(params string[] adapters) => (await CliRun.OfAsync(
            ["generate", "-m", Model, "-p", "hello", "-n", "12", "--raw", "--temp", "0", "--json", .. adapters])).Json.GetProperty("text").GetString()!;
    }

    [Fact]
    public async Task People_see_the_text_alone()
    {
        string[] arguments = ["generate", "-m", Model, "-p", "hello", "-n", "6", "--raw", "--temp", "0"];
        var text = (await CliRun.OfAsync([.. arguments, "--json"])).Json.GetProperty("text").GetString();
        Assert.Equal($"{text}\n", (await CliRun.OfAsync(arguments)).Out.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task A_cancelled_answer_exits_130()
    {
        var run = await CliRun.OfAsync("", ["generate", "-m", Model, "-p", "hello"], new CancellationToken(canceled: true));
        Assert.Equal(130, run.ExitCode);
        Assert.Empty(run.Out);
        Assert.Single(run.ErrorLines);
    }
}
