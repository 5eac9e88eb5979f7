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
    private readonly Option<string?> _prompt = new("--prompt", "-p") { Description = "What to answer.", HelpName = "TEXT" };
    private readonly Option<string?> _messages = new("--messages")
    {
        Description = "A conversation to answer instead: a JSON array of objects with role and content, or an object with messages and tools.", HelpName = "FILE.json",
    };
    private readonly SamplingOptions _sampling = new();
    private readonly Option<bool> _noThinking = new("--no-thinking") { Description = "Ask the chat template for an answer without thoughts, where it can." };
    private readonly Option<bool> _raw = new("--raw") { Description = "Continue the text as it is, without the chat template." };

    private readonly Option<string?> _chatTemplate = ModelOptions.ChatTemplate();
    private readonly Option<bool> _noSpecialText = ModelOptions.NoSpecialText("a raw prompt");
    private readonly Option<bool> _specialMessages = ModelOptions.SpecialMessages();

    internal GenerateCommand(CommandHost host) : base(host, "generate", "Answer one prompt.")
    {
        Add(_model);
        Add(_adapters);
        Add(_prompt);
        Add(_messages);
        _sampling.AddTo(this);
        Add(_noThinking);
        Add(_raw);
        Add(_chatTemplate);
        Add(_noSpecialText);
        Add(_specialMessages);
        Validators.Add(result =>
        {
            if ((result.GetResult(_prompt) is null) == (result.GetResult(_messages) is null))
                result.AddError("Give either --prompt TEXT or --messages FILE.json.");
            if (result.GetResult(_raw) is { Implicit: false } && result.GetResult(_messages) is not null)
                result.AddError("--raw is for a prompt: messages need the chat template.");
        });
    }

    protected override async Task<int> ExecuteAsync(CommandSession session)
    {
        var prompt = session.Value(_prompt);
        if (prompt is { Length: 0 })
            throw new UsageException("The prompt is empty: give -p some text.");
        var messages = session.Value(_messages) is { } file ? MessagesFile.Read(file) : null;
        using var model = session.LoadModel(session.Required(_model), session.Value(_adapters) ?? [], chatTemplate: session.Value(_chatTemplate));
        using var conversation = new SingleTurnConversation(model)
        {
            UseChatTemplate = !session.Value(_raw),
            KeepCancelledAnswers = false,
            ParseSpecialTokensInText = !session.Value(_noSpecialText),
            ParseSpecialTokensInMessages = session.Value(_specialMessages),
        };
        _sampling.Configure(conversation, session);
        TextGenerationResult result = null!;
        var options = new GenerationOptions { Tools = messages?.Tools, Thinking = session.Value(_noThinking) ? false : null };
        var updates = session.Value(_raw)
            ? conversation.SubmitStreamingAsync(prompt!, session.CancellationToken)
            : conversation.GenerateStreamingAsync(messages ?? [new ChatMessage(ChatRole.User, prompt!)], options, session.CancellationToken);
        await foreach (var update in updates)
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
                json.WriteString("reasoning", result.Reasoning);
                json.WriteObjects("toolCalls", result.ToolCalls, call =>
                {
                    json.WriteString("id", call.Id);
                    json.WriteString("name", call.Name);
                    json.WritePropertyName("arguments");
                    json.WriteRawValue(call.Arguments);
                });
                json.WriteNumber("tokens", result.Tokens.Count);
                json.WriteNumber("cachedTokens", result.PromptTokenCount - result.ReadTokenCount);
                json.WriteString("stopReason", JsonOutput.CamelCase(result.StopReason));
                json.WriteFinite("promptTokensPerSecond", result.PromptTokensPerSecond);
                json.WriteFinite("tokensPerSecond", result.TokensPerSecond);
            },
            _ => session.People.WriteLine());
        return ExitCode.Done;
    }
}
