using System.CommandLine;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.TextGeneration;

namespace LoraBridge.Cli.Commands;

/// <summary>Answers one prompt.</summary>
internal sealed class GenerateCommand : ToolCommand
{
    private readonly Option<string> _model = ModelOptions.Model();
    private readonly Option<AdapterReference[]> _adapters = ModelOptions.Adapters();
    private readonly Option<string> _prompt = new("--prompt", "-p") { Description = "What to answer.", HelpName = "TEXT", Required = true };
    private readonly SamplingOptions _sampling = new();
    private readonly Option<bool> _raw = new("--raw") { Description = "Continue the text as it is, without the chat template." };

    internal GenerateCommand(CommandHost host) : base(host, "generate", "Answer one prompt.")
    {
        Add(_model);
        Add(_adapters);
        Add(_prompt);
        _sampling.AddTo(this);
        Add(_raw);
    }

    protected override async Task<int> ExecuteAsync(CommandSession session)
    {
        var prompt = session.Required(_prompt);
        if (prompt.Length == 0)
            throw new UsageException("The prompt is empty: give -p some text.");
        using var model = session.LoadModel(session.Required(_model), session.Value(_adapters) ?? []);
        using var conversation = new SingleTurnConversation(model) { UseChatTemplate = !session.Value(_raw), KeepCancelledAnswers = false };
        _sampling.Configure(conversation, session);
        TextGenerationResult result = null!;
        await foreach (var update in conversation.SubmitStreamingAsync(prompt, session.CancellationToken))
        {
            if (update is TextUpdate { Text: var piece } && !session.IsJson)
                await session.People.WriteAsync(piece);
            else if (update is ResultUpdate end)
                result = end.Result;
        }
        session.Report(
            json =>
            {
                json.WriteString("text", result.Text);
                json.WriteNumber("tokens", result.Tokens.Count);
                json.WriteString("stopReason", JsonOutput.CamelCase(result.StopReason));
                json.WriteFinite("promptTokensPerSecond", result.PromptTokensPerSecond);
                json.WriteFinite("tokensPerSecond", result.TokensPerSecond);
            },
            _ => session.People.WriteLine());
        return ExitCode.Done;
    }
}
