using System.CommandLine;
using LoraBridge.Cli.Commands;
using LoraBridge.Cli.Commands.Adapters;
using LoraBridge.Cli.Commands.Models;
using LoraBridge.Cli.Options;

namespace LoraBridge.Cli;

/// <summary>The tool: parse, call a facade, print.</summary>
internal static class Tool
{
    /// <summary>Runs one command.</summary>
    /// <param name="arguments">What follows the tool's name.</param>
    /// <param name="terminal">Where it reads and writes.</param>
    /// <param name="cancellationToken">Cancelled by Ctrl-C.</param>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments, Terminal terminal, CancellationToken cancellationToken)
    {
        var result = Root(terminal, cancellationToken).Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (result.Errors is [var error, ..])
        {
            var command = string.Join(' ', PathOf(result.CommandResult.Command).Reverse());
            var message = result is { UnmatchedTokens: [var word, ..], CommandResult.Command.Subcommands.Count: > 0 }
                ? $"'{word}' is not a command of {command}."
                : OneLine.Of(error.Message);
            await terminal.Error.WriteLineAsync($"error: {message} See '{command} --help'.");
            return ExitCode.WrongUsage;
        }
        return await result.InvokeAsync(new InvocationConfiguration
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        }, CancellationToken.None);
    }

    private static RootCommand Root(Terminal terminal, CancellationToken cancellationToken)
    {
        var shared = new SharedOptions();
        var host = new CommandHost(terminal, shared, cancellationToken);
        var root = new RootCommand("Fine-tune, apply, blend and merge LoRA adapters on GGUF models.")
        {
            new BackendsCommand(host),
            new InspectCommand(host),
            new TrainCommand(host),
            new EvalCommand(host),
            new GenerateCommand(host),
            new ChatCommand(host),
            new MergeCommand(host),
            new QuantizeCommand(host),
            new AdapterCommand(host),
            new ConvertCommand(host),
            new GradcheckCommand(host),
            new BenchCommand(host),
            new ModelsCommand(host),
        };
        shared.AddTo(root);
        return root;
    }

    private static IEnumerable<string> PathOf(Command command)
    {
        for (var symbol = command; symbol is not null; symbol = symbol.Parents.OfType<Command>().FirstOrDefault())
            yield return symbol is RootCommand ? "lorabridge" : symbol.Name;
    }
}
