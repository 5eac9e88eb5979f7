using System.CommandLine;
using LoraBridge.TextGeneration;

namespace LoraBridge.Cli.Options;

/// <summary>How answers are generated.</summary>
internal sealed class SamplingOptions
{
    private readonly Option<int?> _tokens = NumberOption.Integer(["--tokens", "-n"], "Tokens at most.", 0);
    private readonly Option<double?> _temperature = NumberOption.Real(["--temp"], "Temperature; 0 always takes the most probable token.", 0, 100);
    private readonly Option<double?> _topP = NumberOption.Real(["--top-p"], "Keep the most probable tokens of this share.", 1e-6, 1);
    private readonly Option<int?> _seed = NumberOption.Integer(["--seed"], "Seed of the random choice.", 0);

    internal void AddTo(Command command)
    {
        Option[] options = [_tokens, _temperature, _topP, _seed];
        foreach (var option in options)
            command.Add(option);
    }

    internal void Configure(Conversation conversation, CommandSession session)
    {
        var mode = SamplingMode.Default with { Seed = (uint?)session.Value(_seed) };
        if (session.Value(_temperature) is { } temperature)
            mode = mode with { Temperature = (float)temperature };
        if (session.Value(_topP) is { } topP)
            mode = mode with { TopP = (float)topP };
        conversation.SamplingMode = mode;
        if (session.Value(_tokens) is { } tokens)
            conversation.MaximumCompletionTokens = tokens;
    }
}
