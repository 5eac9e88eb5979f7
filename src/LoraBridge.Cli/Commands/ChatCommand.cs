using System.CommandLine;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.TextGeneration;

namespace LoraBridge.Cli.Commands;

/// <summary>Talks with a model.</summary>
internal sealed class ChatCommand : ToolCommand
{
    private readonly Option<string> _model = ModelOptions.Model();
    private readonly Option<AdapterReference[]> _adapters = ModelOptions.Adapters();
    private readonly Option<string?> _system = new("--system") { Description = "Instructions that precede everything.", HelpName = "TEXT" };
    private readonly SamplingOptions _sampling = new();

    private readonly Option<string?> _chatTemplate = ModelOptions.ChatTemplate();
    private readonly Option<bool> _specialMessages = ModelOptions.SpecialMessages();

    internal ChatCommand(CommandHost host) : base(host, "chat", "Talk with a model; /help lists what can be changed meanwhile.")
    {
        Add(_model);
        Add(_adapters);
        Add(_system);
        _sampling.AddTo(this);
        Add(_chatTemplate);
        Add(_specialMessages);
    }

    protected override async Task<int> ExecuteAsync(CommandSession session)
    {
        using var model = session.LoadModel(session.Required(_model), session.Value(_adapters) ?? [], chatTemplate: session.Value(_chatTemplate));
        using var conversation = new MultiTurnConversation(model)
        {
            SystemPrompt = session.Value(_system),
            ParseSpecialTokensInMessages = session.Value(_specialMessages),
        };
        _sampling.Configure(conversation, session);
        var commands = new ChatCommands(model, conversation, session.People);
        if (session.Terminal.IsInteractive)
            await session.People.WriteLineAsync($"{model.Name}: type a message, /help or /exit.");
        while (await ReadAsync(session) is { } line)
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            if (!line.StartsWith('/'))
                await session.RunPartAsync(stop => AnswerAsync(conversation, line, session, stop));
            else if (!commands.Run(line))
                break;
        }
        session.Report(json => ChatJson.Write(json, conversation), _ => { });
        return ExitCode.Done;
    }

    /// <summary>A console cannot be asked to stop reading: the thread that reads is left behind.</summary>
    private static async Task<string?> ReadAsync(CommandSession session)
    {
        if (session.Terminal.IsInteractive)
            await session.People.WriteAsync("> ");
        return await Task.Run(session.Terminal.In.ReadLine, session.CancellationToken).WaitAsync(session.CancellationToken);
    }

    /// <summary>Writes an answer as it is generated. Ctrl-C ends it, and what there is of it stays in the conversation.</summary>
    private static async Task AnswerAsync(MultiTurnConversation conversation, string line, CommandSession session, CancellationToken stop)
    {
        try
        {
            await foreach (var update in conversation.SubmitStreamingAsync(line, stop))
            {
                if (update is TextUpdate { Text: var piece })
                    await session.People.WriteAsync(piece);
            }
            await session.People.WriteLineAsync();
        }
        catch (OperationCanceledException) when (!session.CancellationToken.IsCancellationRequested)
        {
            // Nothing was generated yet: the question counts as not asked.
            await session.People.WriteLineAsync();
        }
        catch (Exception failure) when (failure is InvalidOperationException or ChatTemplateException)
        {
            await session.Terminal.Error.WriteLineAsync($"error: {Failure.Describe(failure)}");
        }
    }
}
