using BenchmarkDotNet.Attributes;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Benchmarks;

/// <summary>Finding what a full context leaves out, in a conversation of 800 exchanges with the small model that ships and its template.</summary>
public class WindowBenchmarks
{
    private const int Exchanges = 800, ContextLength = 480, Answer = 64;

    private readonly List<ChatMessage> _messages = [new(ChatRole.System, "Be brief.")];
    private readonly PromptWindow _warm = new();
    private LM _model = null!;
    private PromptBuilder _prompts = null!;

    /// <summary>Loads the model and writes the conversation.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        _model = SmallWorld.Load();
        _prompts = new PromptBuilder(_model.Vocabulary, ChatTemplates.For(_model, null), _model.ChatTemplate);
        for (var i = 0; i < Exchanges; i++)
        {
            _messages.Add(new(ChatRole.User, $"What drink does Carl love? I ask for the {i}th time."));
            _messages.Add(new(ChatRole.Assistant, "Carl loves tea, and Dora loves the sea that she can see from her window."));
        }
        _messages.Add(new(ChatRole.User, "And now?"));
        Fit(_warm);
    }

    /// <summary>Frees the model.</summary>
    [GlobalCleanup]
    public void CleanUp() => _model.Dispose();

    /// <summary>Nothing is known of the conversation yet.</summary>
    [Benchmark]
    public int FirstCut() => Fit(new PromptWindow());

    /// <summary>It was cut before, and goes on.</summary>
    [Benchmark]
    public int NextTurn() => Fit(_warm);

    private int Fit(PromptWindow window) =>
        window.Fit(_prompts, _messages, default, ContextLength, Answer, ContextPolicy.DropOldest, CancellationToken.None).Tokens.Length;
}
