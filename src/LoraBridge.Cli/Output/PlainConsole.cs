using Spectre.Console;

namespace LoraBridge.Cli.Output;

/// <summary>Makes consoles of Spectre for a writer.</summary>
internal static class PlainConsole
{
    /// <summary>Wide enough that nothing is wrapped where nobody looks.</summary>
    private const int Unlimited = 4096;

    internal static IAnsiConsole For(TextWriter writer)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        if (!console.Profile.Out.IsTerminal)
            console.Profile.Width = Unlimited;
        return console;
    }

    /// <summary>A table of two columns without lines: name and value.</summary>
    internal static Grid Facts(params ReadOnlySpan<(string Name, string? Value)> facts)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(2)).AddColumn();
        foreach (var (name, value) in facts)
        {
            if (value is not null)
                grid.AddRow(new Text(name), new Text(value));
        }
        return grid;
    }
}
