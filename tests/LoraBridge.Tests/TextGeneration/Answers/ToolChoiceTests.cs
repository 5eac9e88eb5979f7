using System.Text.Json;
using Json.Schema;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration.Answers;

/// <summary>Tools with the shipped model of four million parameters, whose template knows nothing of them.</summary>
public sealed class ToolChoiceTests : IDisposable
{
    private const string Parameters = """{"type": "object", "properties": {"city": {"type": "string", "maxLength": 9}, "days": {"type": "integer", "minimum": 1, "maximum": 9}}, "required": ["city", "days"], "additionalProperties": false}""";
    private const string Tools = $$$"""[{"type": "function", "function": {"name": "weather", "parameters": {{{Parameters}}}}}, {"type": "function", "function": {"name": "stop"}}]""";

    private readonly LM _model = new(Path.Combine(CheckoutFolder.Root, "examples", "models", "small-world.Q4_K_M.gguf"), TinyModels.Device);
    private readonly SingleTurnConversation _conversation;

    public ToolChoiceTests() => _conversation = new SingleTurnConversation(_model, contextLength: 512);

    public void Dispose()
    {
        _conversation.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void A_call_that_is_required_comes_with_valid_arguments()
    {
        var schema = JsonSchema.FromText(Parameters);
        for (var seed = 0u; seed < 12; seed++)
        {
            var result = Ask(ToolChoice.Tool("weather"), seed);
            var call = Assert.Single(result.ToolCalls);
            Assert.Equal(("weather", "", StopReason.EndOfTurn), (call.Name, result.Text, result.StopReason));
            using var arguments = JsonDocument.Parse(call.Arguments);
            Assert.True(schema.Evaluate(arguments.RootElement).IsValid, call.Arguments);
        }
    }

    [Fact]
    public void Any_tool_may_be_called_where_one_must_be() =>
        Assert.All(Enumerable.Range(0, 12), seed => Assert.Contains(Assert.Single(Ask(ToolChoice.Required, (uint)seed).ToolCalls).Name, (string[])["weather", "stop"]));

    [Fact]
    public void The_call_stands_in_the_result_as_a_turn_that_can_be_answered()
    {
        var result = Ask(ToolChoice.Tool("weather"), 1);
        var call = JsonElement.Parse(result.ToMessage().ToolCalls!)[0];
        Assert.Equal(result.ToolCalls[0].Id, call.GetProperty("id").GetString());
        Assert.Equal("weather", call.GetProperty("function").GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_call_is_streamed_when_it_is_complete()
    {
        var updates = new List<GenerationUpdate>();
        await foreach (var update in _conversation.GenerateStreamingAsync([new ChatMessage(ChatRole.User, "Weather?")], Options(ToolChoice.Required, 2), TestContext.Current.CancellationToken))
            updates.Add(update);
        Assert.Collection(updates, update => Assert.IsType<ToolCallUpdate>(update), update => Assert.Single(Assert.IsType<ResultUpdate>(update).Result.ToolCalls));
    }

    [Fact]
    public void What_cannot_be_called_is_refused()
    {
        Assert.Contains("on offer are 'weather', 'stop'", Assert.Throws<ArgumentException>(() => Ask(ToolChoice.Tool("rain"), 1)).Message);
        Assert.Contains("none is on offer", Assert.Throws<ArgumentException>(
            () => Generate(Options(ToolChoice.Required, 1) with { Tools = null })).Message);
        Assert.Contains("only one of them is possible", Assert.Throws<ArgumentException>(
            () => Generate(Options(ToolChoice.Required, 1) with { SamplingMode = new SamplingMode { Grammar = Grammar.JsonObject } })).Message);
        Assert.Throws<ArgumentException>(() => ToolChoice.Tool(" "));
    }

    [Fact]
    public void Without_calls_the_tools_are_not_shown() =>
        Assert.Empty(Generate(Options(ToolChoice.None, 1) with { MaximumCompletionTokens = 5 }).ToolCalls);

    private TextGenerationResult Ask(ToolChoice choice, uint seed) => Generate(Options(choice, seed));

    private TextGenerationResult Generate(GenerationOptions options) =>
        _conversation.Generate([new ChatMessage(ChatRole.User, "Weather?")], options, TestContext.Current.CancellationToken);

    private static GenerationOptions Options(ToolChoice choice, uint seed) => new()
    {
        Tools = Tools,
        ToolChoice = choice,
        SamplingMode = new SamplingMode { Temperature = 1, Seed = seed },
        MaximumCompletionTokens = 300,
    };
}
