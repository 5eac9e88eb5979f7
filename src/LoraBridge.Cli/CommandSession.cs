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
    /// <param name="path">The model's file, or any other identifier.</param>
    /// <param name="adapters">What to apply.</param>
    /// <param name="chatTemplate">A file with a chat template to use instead of the model's own, or null.</param>
    internal LM LoadModel(string path, IReadOnlyList<AdapterReference> adapters, string? chatTemplate = null)
    {
        var options = new LoadingOptions
        {
            ChatTemplate = chatTemplate is null ? null : TextFile.Read(chatTemplate, "chat template"),
            Logger = IsVerbose ? new TextLogger(terminal.Error) : null,
        };
        var file = ModelPath(path);
        var model = WithProgress(progress => new LM(file, Device, options, new LoadingPercents(progress), cancellationToken));
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

    /// <summary>The store that the environment and the shared options describe.</summary>
    internal ModelStore Store => shared.Store(this);

    /// <summary>The file of a model that was given as <see cref="ModelStore"/> takes it; it is downloaded if need be.</summary>
    internal string ModelPath(string reference) => File.Exists(reference) ? reference : WithProgress(progress => ModelPath(reference, progress));

    /// <summary><see cref="ModelPath(string)"/> where progress is shown already.</summary>
    internal string ModelPath(string reference, IProgress<ProgressEvent> progress) => File.Exists(reference)
        ? reference
        : Store.PullAsync(reference, new DownloadEvents(progress), cancellationToken).GetAwaiter().GetResult().Path;

    /// <summary>Does work of the store while its progress is shown the way that was asked for.</summary>
    internal T WithDownload<T>(Func<IProgress<ModelDownloadProgress>, Task<T>> work) =>
        WithProgress(progress => work(new DownloadEvents(progress)).GetAwaiter().GetResult());

    /// <summary>Does some work while its progress is shown the way that was asked for.</summary>
    internal T WithProgress<T>(Func<IProgress<ProgressEvent>, T> work) => shared.Display(this).Run(work);

    /// <summary>Does a part of the work that Ctrl-C ends without ending the command.</summary>
    internal Task RunPartAsync(Func<CancellationToken, Task> work) => terminal.Interruption?.RunPartAsync(work) ?? work(cancellationToken);

    /// <summary>Ends a command: the result as JSON, or for people.</summary>
    internal void Report(Action<Utf8JsonWriter> json, Action<IAnsiConsole> people)
    {
        if (IsJson)
            JsonOutput.WriteLine(terminal.Out, json);
        else
            people(PlainConsole.For(terminal.Out));
    }
}
