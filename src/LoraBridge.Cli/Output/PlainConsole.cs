using Spectre.Console;
using Spectre.Console.Rendering;

namespace LoraBridge.Cli.Output;

/// <summary>Makes consoles of Spectre for a writer.</summary>
internal static class PlainConsole
{
    /// <summary>Wide enough that nothing is wrapped where nobody looks.</summary>
    private const int Unlimited = 4096;

    /// <summary>Tables are not squeezed further than this, where cells lose their text: a narrower terminal wraps their lines.</summary>
    private const int NarrowestTable = 80;

    internal static IAnsiConsole For(TextWriter writer)
    {
        var console = Of(writer);
        if (!console.Profile.Out.IsTerminal)
            console.Profile.Width = Unlimited;
        else if (console.Profile.Width < NarrowestTable)
            console.Profile.Width = NarrowestTable;
        return console;
    }

    /// <summary>A console as wide as its terminal, even when that becomes narrower or wider.</summary>
    internal static IAnsiConsole Of(TextWriter writer) => AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });

    /// <summary>Lines of name and value. Values are never wrapped or cut, so that paths can be copied.</summary>
    internal static IRenderable Facts(params ReadOnlySpan<(string Name, string? Value)> facts)
    {
        var width = 0;
        foreach (var (name, value) in facts)
            width = value is null ? width : Math.Max(width, name.Length);
        List<Segment> segments = [];
        foreach (var (name, value) in facts)
        {
            if (value is null)
                continue;
            segments.Add(new Segment($"{name.PadRight(width)}  {value}"));
            segments.Add(Segment.LineBreak);
        }
        return new Lines(segments);
    }

    private sealed class Lines(List<Segment> segments) : Renderable
    {
        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => segments;
    }
}
