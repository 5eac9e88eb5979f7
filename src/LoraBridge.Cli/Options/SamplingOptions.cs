using System.CommandLine;
using LoraBridge.TextGeneration;

namespace LoraBridge.Cli.Options;

/// <summary>How answers are generated.</summary>
internal sealed class SamplingOptions
{
    private readonly Option<int?> _tokens = NumberOption.Integer(["--tokens", "-n"], "Tokens at most.", 0);
    private readonly Option<double?> _temperature = NumberOption.Real(["--temp"], "Temperature; 0 always takes the most probable token.", 0, 100);
    private readonly Option<int?> _topK = NumberOption.Integer(["--top-k"], "Keep so many of the most probable tokens; 0 keeps all.", 0);
    private readonly Option<double?> _topP = NumberOption.Real(["--top-p"], "Keep the most probable tokens of this share.", 1e-6, 1);
    private readonly Option<double?> _minP = NumberOption.Real(["--min-p"], "Keep tokens that are at least this share as probable as the most probable one; 0 keeps all.", 0, 1);
    private readonly Option<double?> _repetition = NumberOption.Real(["--repeat-penalty"], "Above 1 against repetition; 1 unless given.", 1e-3, 1e3);
    private readonly Option<string?> _grammar = new("--grammar") { Description = "Grammar that answers follow, in GBNF.", HelpName = "FILE" };
    private readonly Option<string?> _schema = new("--json-schema") { Description = "JSON schema that answers follow.", HelpName = "FILE" };
    private readonly Option<int?> _seed = NumberOption.Integer(["--seed"], "Seed of the random choice.", 0);

    internal void AddTo(Command command)
    {
        Option[] options = [_tokens, _temperature, _topK, _topP, _minP, _repetition, _grammar, _schema, _seed];
        foreach (var option in options)
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_grammar) is not null && result.GetResult(_schema) is not null)
                result.AddError("Give --grammar or --json-schema, not both.");
        });
    }

    internal void Configure(Conversation conversation, CommandSession session)
    {
        var mode = SamplingMode.Default with { Seed = (uint?)session.Value(_seed) };
        if (session.Value(_temperature) is { } temperature)
            mode = mode with { Temperature = (float)temperature };
        if (session.Value(_topK) is { } topK)
            mode = mode with { TopK = topK };
        if (session.Value(_repetition) is { } repetition)
            mode = mode with { RepetitionPenalty = (float)repetition };
        if (session.Value(_grammar) is { } grammar)
            mode = mode with { Grammar = Grammar.Parse(TextFile.Read(grammar, "grammar")) };
        if (session.Value(_schema) is { } schema)
            mode = mode with { Grammar = Grammar.FromJsonSchema(TextFile.Read(schema, "JSON schema")) };
        if (session.Value(_minP) is { } minP)
            mode = mode with { MinP = (float)minP };
        if (session.Value(_topP) is { } topP)
            mode = mode with { TopP = (float)topP };
        conversation.SamplingMode = mode;
        if (session.Value(_tokens) is { } tokens)
            conversation.MaximumCompletionTokens = tokens;
    }
}
