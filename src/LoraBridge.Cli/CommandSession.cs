using System.CommandLine;
using System.Text.Json;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.Cli.Progress;
using LoraBridge.Model;
using Spectre.Console;

namespace LoraBridge.Cli;

/// <summary>One run of a command: its arguments, and what all commands do alike.</summary>
internal sealed class CommandSession(Terminal terminal, SharedOptions shared, ParseResult arguments, CancellationToken cancellationToken)
{
    internal Terminal Terminal => terminal;

    internal CancellationToken CancellationToken => cancellationToken;

    /// <summary>Where models lie and compute.</summary>
    internal DeviceConfiguration Device => shared.Device(this);

    /// <summary>Whether the result is one JSON object instead of text for people.</summary>
    internal bool IsJson => Value(shared.Json);

    internal bool IsVerbose => Value(shared.Verbose);

    /// <summary>Where text for people goes: standard output, unless that belongs to the JSON object.</summary>
    internal TextWriter People => IsJson ? terminal.Error : terminal.Out;

    internal T? Value<T>(Option<T> option) => arguments.GetValue(option);

    internal T Required<T>(Option<T> option) => arguments.GetRequiredValue(option);

    internal T Required<T>(Argument<T> argument) => arguments.GetRequiredValue(argument);

    /// <summary>Whether an option was given, and not only has a default.</summary>
    internal bool IsGiven(Option option) => arguments.GetResult(option) is { Implicit: false };

    /// <summary>Loads the model that the shared options place, and applies adapters to it.</summary>
    /// <param name="path">The model's file.</param>
    /// <param name="adapters">What to apply.</param>
    /// <param name="repack">Whether its weights are rearranged for fast inference: wasted where it is only trained.</param>
    /// <param name="chatTemplate">A file with a chat template to use instead of the model's own, or null.</param>
    internal LM LoadModel(string path, IReadOnlyList<AdapterReference> adapters, bool repack = true, string? chatTemplate = null)
    {
        if (chatTemplate is not null && !File.Exists(chatTemplate))
            throw new FileNotFoundException($"There is no chat template {chatTemplate}.", chatTemplate);
        var options = new LoadingOptions
        {
            RepackWeights = repack,
            ChatTemplate = chatTemplate is null ? null : File.ReadAllText(chatTemplate),
            Logger = IsVerbose ? new TextLogger(terminal.Error) : null,
        };
        var model = WithProgress(progress => new LM(path, Device, options, new LoadingPercents(progress), cancellationToken));
        try
        {
            foreach (var adapter in adapters)
                model.ApplyLoraAdapter(adapter.Path, adapter.Scale);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Does some work while its progress is shown the way that was asked for.</summary>
    internal T WithProgress<T>(Func<IProgress<ProgressEvent>, T> work) => shared.Display(this).Run(work);

    /// <summary>Ends a command: the result as JSON, or for people.</summary>
    internal void Report(Action<Utf8JsonWriter> json, Action<IAnsiConsole> people)
    {
        if (IsJson)
            JsonOutput.WriteLine(terminal.Out, json);
        else
            people(PlainConsole.For(terminal.Out));
    }
}
