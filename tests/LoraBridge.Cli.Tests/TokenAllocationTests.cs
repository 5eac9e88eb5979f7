using LoraBridge.Cli.Benchmarking;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Cli.Tests;

/// <summary>What a token allocates in all, on every thread, with vocabularies as large as those of models in use.</summary>
public sealed class TokenAllocationTests : CliTest
{
    private const int Short = 8;
    private const int Long = 40;

    /// <summary>A quarter of what counts as a large object: a token of 262,144 logits would be a megabyte.</summary>
    private const long MostPerToken = 24 * 1024;

    [Theory]
    [InlineData("32000")]
    [InlineData("262144")]
    public async Task A_token_allocates_little_however_large_the_vocabulary(string size)
    {
        var (exitCode, output) = await ChildProcess.RunAsync(
            GetType().Assembly, $"{nameof(TokenAllocationTests)}.{nameof(In_a_process_of_its_own)}", TestContext.Current.CancellationToken, ("LORABRIDGE_TEST_VOCABULARY", size));
        Assert.True(exitCode == 0, output);
        Assert.Contains("succeeded: 1", output, StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public void In_a_process_of_its_own()
    {
        var vocabulary = int.Parse(Environment.GetEnvironmentVariable("LORABRIDGE_TEST_VOCABULARY")!, System.Globalization.CultureInfo.InvariantCulture);
        var shape = new RandomModelShape { Layers = 1, Embedding = 256, FeedForward = 256, Heads = 4, KeyHeads = 4, Vocabulary = vocabulary };
        RandomModel.Write(Folder["random.gguf"], shape, GgmlType.Q4_0);
        using var model = new LM(Folder["random.gguf"], TinyModels.Device);
        List<string> failures = [];
        foreach (var (name, mode) in Modes())
        {
            // The first answers make what later ones use.
            Allocated(model, mode, Long);
            Allocated(model, mode, Long);
            var perToken = (Allocated(model, mode, Long) - Allocated(model, mode, Short)) / (Long - Short);
            if (perToken > MostPerToken)
                failures.Add($"{name}: {perToken} bytes a token");
        }
        Assert.Empty(failures);
    }

    private static IEnumerable<(string, SamplingMode)> Modes()
    {
        var chance = SamplingMode.Default with { Seed = 1 };
        yield return ("greedy", SamplingMode.Greedy);
        yield return ("default", chance);
        yield return ("the whole vocabulary", new SamplingMode { Seed = 1, Temperature = 1, TopK = 0, TopP = 0.9f, MinP = 0.01f });
        yield return ("penalties", chance with { RepetitionPenalty = 1.1f, FrequencyPenalty = 0.1f, PresencePenalty = 0.1f });
        yield return ("dry", chance with { Dry = new DryOptions() });
        yield return ("xtc", chance with { XtcProbability = 0.5f, XtcThreshold = 0.0001f });
        yield return ("bias", chance with { LogitBias = new Dictionary<int, float> { [300] = 1 } });
        yield return ("grammar", chance with { Grammar = Grammar.Parse("root ::= [a-z] [a-z]+") });
        yield return ("all", chance with
        {
            TopK = 0, TopP = 0.9f, MinP = 0.01f, RepetitionPenalty = 1.1f, Dry = new DryOptions(), XtcProbability = 0.2f,
            LogitBias = new Dictionary<int, float> { [300] = 1 },
            Grammar = Grammar.FromJsonSchema("""{"type": "array", "items": {"type": "integer"}, "minItems": 100}"""),
        });
    }

    private static long Allocated(LM model, SamplingMode mode, int tokens)
    {
        using var chat = new SingleTurnConversation(model)
        {
            UseChatTemplate = false, SamplingMode = mode, MaximumCompletionTokens = tokens, StopSequences = ["never said", "nor this"],
        };
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.NotNull(chat.Submit("hello"));
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }
}
