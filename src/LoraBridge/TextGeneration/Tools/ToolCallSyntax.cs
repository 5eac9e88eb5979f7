using System.Text.Json;
using LoraBridge.TextGeneration.Grammars.Schema;

namespace LoraBridge.TextGeneration.Tools;

/// <summary>How a family of models writes calls of tools.</summary>
internal abstract class ToolCallSyntax
{
    /// <summary>Texts that may start a section with calls.</summary>
    internal abstract IReadOnlyList<string> Openings { get; }

    /// <summary>Texts that stand within a section, so that a control token among them is written out.</summary>
    internal virtual IReadOnlyList<string> OtherMarks => [];

    /// <summary>Whether a section can only be the whole answer: its opening is something that other answers hold, too.</summary>
    internal virtual bool OnlyAtStart => false;

    /// <summary>Reads the section that may start at a position.</summary>
    /// <param name="text">The raw answer so far, from wherever.</param>
    /// <param name="start">Where one of <see cref="Openings"/> stands.</param>
    /// <param name="isEnd">Whether nothing will follow.</param>
    /// <param name="tools">What is known of the tools.</param>
    internal abstract CallReading Read(string text, int start, bool isEnd, ToolDefinitions tools);

    /// <summary>GBNF of an answer that calls tools, for models that are made to.</summary>
    /// <param name="calls">The tools that may be called, with rules for their arguments.</param>
    /// <param name="allowSeveral">Whether there may be more than one call.</param>
    /// <returns>The body of the rule that starts with one of <see cref="Openings"/>; null when the family's format is not made by a grammar.</returns>
    internal virtual string? Grammar(IReadOnlyList<ToolGrammar> calls, bool allowSeveral) => null;

    /// <summary>One call, or several, between the marks of a section.</summary>
    private protected static string Section(string start, IEnumerable<string> calls, string end, bool allowSeveral) =>
        $"{Literal(start)} ({string.Join(" | ", calls)}){(allowSeveral ? "+" : "")} {Literal(end)}";

    private protected static string Literal(string text) => text.Length == 0 ? "" : GrammarWriter.Literal(text);
}

/// <summary>A tool that a grammar may let a model call.</summary>
/// <param name="Name">The tool.</param>
/// <param name="ArgumentsRule">The rule of its arguments: a JSON object.</param>
/// <param name="Schema">The schema of its arguments, for formats that do not write JSON.</param>
/// <param name="Writer">Takes further rules.</param>
internal readonly record struct ToolGrammar(string Name, string ArgumentsRule, JsonElement Schema, GrammarWriter Writer);

/// <summary>A call as it was read, before it has an id.</summary>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">A JSON object.</param>
/// <param name="Id">The id, where the format has one.</param>
internal readonly record struct ReadCall(string Name, string Arguments, string? Id = null);

/// <summary>What <see cref="ToolCallSyntax.Read"/> found.</summary>
/// <param name="Status">Whether there are calls.</param>
/// <param name="Calls">The calls.</param>
/// <param name="End">Where the section ends.</param>
internal readonly record struct CallReading(CallReadingStatus Status, IReadOnlyList<ReadCall> Calls, int End)
{
    /// <summary>More text is needed to tell.</summary>
    internal static CallReading Incomplete { get; } = new(CallReadingStatus.Incomplete, [], 0);

    /// <summary>It is text like any other.</summary>
    internal static CallReading NoCall { get; } = new(CallReadingStatus.NoCall, [], 0);

    internal static CallReading Of(IReadOnlyList<ReadCall> calls, int end) =>
        calls.Count > 0 ? new CallReading(CallReadingStatus.Calls, calls, end) : NoCall;
}

internal enum CallReadingStatus
{
    Incomplete,
    NoCall,
    Calls,
}
