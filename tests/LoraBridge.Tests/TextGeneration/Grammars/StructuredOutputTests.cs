using System.Text.Json;
using Json.Schema;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration.Grammars;

/// <summary>
/// Answers of the shipped model of four million parameters, which knows nothing of JSON, by schemas of all kinds, judged by JsonSchema.Net.
/// </summary>
public sealed class StructuredOutputTests : IDisposable
{
    private static readonly EvaluationOptions Strict = new() { RequireFormatValidation = true };

    /// <summary>60 schemas; all 300 with three seeds each where <c>LORABRIDGE_ALL_SCHEMAS</c> is set.</summary>
    private static readonly bool RunsAll = Environment.GetEnvironmentVariable("LORABRIDGE_ALL_SCHEMAS") is { Length: > 0 };

    private readonly LM _model = new(
        Path.Combine(CheckoutFolder.Root, "examples", "models", "small-world.Q4_K_M.gguf"), TinyModels.Device);

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Every_answer_is_valid()
    {
        using var conversation = new SingleTurnConversation(_model, contextLength: 1536) { MaximumCompletionTokens = 1400 };
        var faults = new List<string>();
        for (var schema = 0; schema < (RunsAll ? 300 : 60); schema++)
        {
            var text = RandomSchema.Text(schema);
            var validator = JsonSchema.FromText(text);
            var grammar = Grammar.FromJsonSchema(text);
            for (var seed = 0u; seed < (RunsAll ? 3 : 1); seed++)
            {
                conversation.SamplingMode = new SamplingMode { Temperature = 1, Seed = seed, Grammar = grammar };
                var answer = conversation.Submit("Tell me about the harbour.");
                if (answer.StopReason != StopReason.EndOfTurn || !IsValid(validator, answer.Text))
                    faults.Add($"{schema}/{seed} ({answer.StopReason}): {text}\n{answer.Text}");
            }
        }
        Assert.True(faults.Count == 0, $"{faults.Count} answers are not valid:\n{string.Join("\n\n", faults.Take(5))}");
    }

    private static bool IsValid(JsonSchema schema, string answer)
    {
        using var document = JsonDocument.Parse(answer);
        return schema.Evaluate(document.RootElement, Strict).IsValid;
    }
}
