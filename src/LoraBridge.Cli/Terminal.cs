using System.Text;
using LoraBridge.Cli.Output;

namespace LoraBridge.Cli;

/// <summary>Where the tool reads and writes: the process's console, or strings in tests.</summary>
/// <param name="In">What is typed.</param>
/// <param name="Out">Results.</param>
/// <param name="Error">Logs, progress and errors.</param>
internal sealed record Terminal(TextReader In, TextWriter Out, TextWriter Error)
{
    /// <summary>Whether somebody looks at <see cref="Error"/>: a bar may be drawn.</summary>
    internal bool ShowsBars { get; init; }

    /// <summary>Whether somebody types: prompts are shown.</summary>
    internal bool IsInteractive { get; init; }

    /// <summary>Ctrl-C; null where nobody can press it.</summary>
    internal Interruption? Interruption { get; init; }

    /// <summary>Whether <see cref="Error"/> obeys control sequences.</summary>
    internal bool IsAnsi => ShowsBars && PlainConsole.Of(Error).Profile.Capabilities.Ansi;

    /// <summary>Brings back the cursor that a bar has hidden: for the end of a process that cannot end its bar.</summary>
    internal void ShowCursor()
    {
        if (IsAnsi)
            Error.Write("\e[?25h");
    }

    internal static Terminal OfProcess()
    {
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        // A console decodes what is typed; files and pipes hold UTF-8 wherever they come from.
        var input = Console.IsInputRedirected ? new StreamReader(Console.OpenStandardInput(), Encoding.UTF8) : Console.In;
        return new Terminal(input, Console.Out, Console.Error)
        {
            ShowsBars = !Console.IsErrorRedirected,
            IsInteractive = !Console.IsInputRedirected,
        };
    }
}
