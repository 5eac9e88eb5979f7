using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;
using Microsoft.Extensions.AI;

namespace LoraBridge.Extensions.AI.Tests;

/// <summary>Thoughts as Microsoft.Extensions.AI knows them.</summary>
public sealed class ReasoningTests : IDisposable
{
    private const string Template = """
        {%- for m in messages %}{{- '[' + m.role + ']' + m.content }}{%- endfor %}{{- '[assistant]' }}
        {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think></think>' }}{%- endif %}
        {%- if reasoning_effort is defined %}{{- reasoning_effort * 9 }}{%- endif %}
        """;

    private readonly LM _model = new(SmallWorld.Path, TinyModels.Device, new LoadingOptions { ChatTemplate = Template });
    private readonly LoraBridgeChatClient _client;

    public ReasoningTests() => _client = new LoraBridgeChatClient(_model, new LoraBridgeChatClientOptions
    {
        ContextLength = 512,
        SamplingMode = new SamplingMode { Grammar = Grammar.Parse("""root ::= "<think>hm, hm</think>yes" """) },
    });

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _client.Dispose();
        _model.Dispose();
    }

    [Fact]
    public async Task Thoughts_are_contents_of_their_own_and_counted()
    {
        var response = await Ask(null);
        Assert.Collection(
            response.Messages[0].Contents,
            content => Assert.Equal("hm, hm", Assert.IsType<TextReasoningContent>(content).Text),
            content => Assert.Equal("yes", Assert.IsType<TextContent>(content).Text));
        Assert.Equal("yes", response.Text);
        Assert.InRange(response.Usage!.ReasoningTokenCount!.Value, 1, response.Usage.OutputTokenCount!.Value - 1);
        var streamed = await _client.GetStreamingResponseAsync("Is it so?", null, Stop).ToChatResponseAsync(Stop);
        Assert.Equal(response.Messages[0].Contents.Select(content => content.ToString()), streamed.Messages[0].Contents.Where(content => content is not UsageContent).Select(content => content.ToString()));
    }

    [Fact]
    public async Task Thoughts_are_left_out_where_they_are_not_wanted()
    {
        var options = new ChatOptions { Reasoning = new ReasoningOptions { Output = ReasoningOutput.None } };
        Assert.Equal("yes", Assert.IsType<TextContent>(Assert.Single((await Ask(options)).Messages[0].Contents)).Text);
        await foreach (var update in _client.GetStreamingResponseAsync("Is it so?", options, Stop))
            Assert.DoesNotContain(update.Contents, content => content is TextReasoningContent);
    }

    [Fact]
    public async Task The_effort_is_the_templates_and_none_switches_thinking_off()
    {
        var plain = (await Ask(null)).Usage!.InputTokenCount;
        var low = (await Ask(new ChatOptions { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Low } })).Usage!.InputTokenCount;
        var medium = (await Ask(new ChatOptions { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Medium } })).Usage!.InputTokenCount;
        var none = (await Ask(new ChatOptions { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.None } })).Usage!.InputTokenCount;
        var count = (string text) => _model.Tokenize(text).Length;
        const string Prompt = "[user]Is it so?[assistant]";
        Assert.Equal(
            (count(Prompt), count(Prompt + Repeated("low")), count(Prompt + Repeated("medium")), count(Prompt + "<think></think>" + Repeated("none"))),
            ((int)plain!, (int)low!, (int)medium!, (int)none!));

        static string Repeated(string text) => string.Concat(Enumerable.Repeat(text, 9));
    }

    private Task<ChatResponse> Ask(ChatOptions? options) => _client.GetResponseAsync("Is it so?", options, Stop);
}
