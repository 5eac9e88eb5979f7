using System.CommandLine;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.Cli.Progress;
using LoraBridge.Finetuning;
using LoraBridge.Model;

namespace LoraBridge.Cli.Commands;

/// <summary>Measures how well a model predicts a data set.</summary>
internal sealed class EvalCommand : ToolCommand
{
    private readonly Option<string> _model = ModelOptions.Model();
    private readonly Option<AdapterReference[]> _adapters = ModelOptions.Adapters();
    private readonly Option<string> _data = new("--data", "-d") { Description = "Data set.", HelpName = "DATA", Required = true };
    private readonly Option<int?> _context = ModelOptions.ContextLength("Longest sample.");
    private readonly Option<string> _lossOn = ModelOptions.LossOn();

    private readonly Option<bool> _strict = ModelOptions.Strict();
    private readonly Option<string?> _chatTemplate = ModelOptions.ChatTemplate();
    private readonly Option<bool> _noSpecialText = ModelOptions.NoSpecialText("a text of the data");
    private readonly Option<bool> _specialMessages = ModelOptions.SpecialMessages();

    internal EvalCommand(CommandHost host) : base(host, "eval", "Measure the loss of a model, with or without adapters, on a data set.")
    {
        Add(_model);
        Add(_adapters);
        Add(_data);
        Add(_context);
        Add(_lossOn);
        Add(_strict);
        Add(_chatTemplate);
        Add(_noSpecialText);
        Add(_specialMessages);
    }

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        var data = TrainingDataset.FromFile(session.Required(_data), new DatasetReadOptions { Strict = session.Value(_strict) });
        var options = new LossEvaluationOptions
        {
            ContextLength = session.Value(_context) ?? 0,
            AssistantLossOnly = session.Required(_lossOn) == "assistant",
            ParseSpecialTokensInText = !session.Value(_noSpecialText),
            ParseSpecialTokensInMessages = session.Value(_specialMessages),
        };
        using var model = session.LoadModel(session.Required(_model), session.Value(_adapters) ?? [], chatTemplate: session.Value(_chatTemplate));
        var result = session.WithProgress(progress => LossEvaluation.Evaluate(
            model, data, options, new InlineProgress<OperationProgress>(state => progress.Report(new ProgressEvent("eval", state.Fraction))), session.CancellationToken));
        DatasetNotes.Write(session.Terminal.Error, result.Data, result.Problems);
        FallbackNotes.Write(session.Terminal.Error, result.Device, result.FallbackNodes);
        session.Report(
            json =>
            {
                json.WriteFinite("loss", result.Loss);
                json.WriteFinite("perplexity", result.Perplexity);
                json.WriteNumber("tokens", result.Tokens);
                json.WriteString("device", result.Device);
                json.WriteFallbacks("fallbackNodes", result.FallbackNodes);
            },
            console => console.Write(PlainConsole.Facts(
                ("loss", Units.Fixed(result.Loss)),
                ("perplexity", Units.Fixed(result.Perplexity)),
                ("tokens", Units.Count(result.Tokens)),
                ("device", result.Device))));
        return Task.FromResult(ExitCode.Done);
    }
}
