using System.Globalization;
using LoraBridge.TextGeneration.Grammars.Schema;
using LoraBridge.TextGeneration.Reasoning;
using LoraBridge.TextGeneration.Tools;

namespace LoraBridge.TextGeneration;

/// <summary>How one answer is read, and what it may look like.</summary>
/// <param name="Parser">Takes it apart.</param>
/// <param name="Sampling">How tokens are chosen, with the grammar that the tools ask for.</param>
internal sealed record AnswerPlan(IAnswerParser Parser, SamplingMode Sampling)
{
    /// <param name="format">How the model's answers are built.</param>
    /// <param name="options">What was asked for.</param>
    /// <param name="sampling">How tokens are chosen.</param>
    /// <param name="promptEnd">The end of the prompt as text.</param>
    /// <param name="promptLength">Tokens of the prompt.</param>
    /// <exception cref="ArgumentException">A call is asked for of a tool that is not on offer, or together with a grammar.</exception>
    internal static AnswerPlan For(AnswerFormat format, GenerationOptions options, SamplingMode sampling, string promptEnd, int promptLength)
    {
        var choice = options.ToolChoice ?? ToolChoice.Auto;
        var tools = ToolDefinitions.Parse(options.OfferedTools);
        var ids = new CallIds(string.Create(CultureInfo.InvariantCulture, $"{promptLength} {promptEnd}"));
        var syntax = format.Tools;
        if (choice.IsRequired)
        {
            Check(choice, tools, sampling);
            var several = options.AllowSeveralToolCalls ?? false;
            var grammar = format.IsHarmony
                ? ToolGrammars.Make(tools, choice.Name, several, (calls, _) => HarmonyAnswerParser.Grammar(calls))
                : syntax is null ? null : ToolGrammars.Make(tools, choice.Name, several, syntax.Grammar);
            if (grammar is null)
            {
                // Whatever the model knows of calls, it can be made to write JSON.
                syntax = new JsonCallSyntax("{", closing: null);
                grammar = ToolGrammars.Make(tools, choice.Name, several, syntax.Grammar)!;
            }
            sampling = sampling with { Grammar = grammar };
        }
        else if (tools.Parameters.Count > 0 && sampling.Grammar is null && syntax is { OnlyAtStart: false }
            && ToolGrammars.Make(tools, null, options.AllowSeveralToolCalls ?? true, syntax.Grammar) is { } lazy)
        {
            sampling = sampling with { Grammar = lazy.After(syntax.Openings[0]) };
        }
        if (sampling.Grammar is { Triggers.Count: 0 } whole && format.Reasoning is { } reasoning && reasoning.AreOpenAfter(promptEnd))
            sampling = sampling with { Grammar = AfterThoughts(whole, reasoning) };
        return new AnswerPlan(format.Parser(promptEnd, tools, syntax, ids), sampling);
    }

    private static void Check(ToolChoice choice, ToolDefinitions tools, SamplingMode sampling)
    {
        if (tools.Parameters.Count == 0)
            throw new ArgumentException("A tool must be called, but none is on offer.", nameof(GenerationOptions.ToolChoice));
        if (choice.Name is { } name && tools.Parameters.All(tool => tool.Key != name))
        {
            throw new ArgumentException(
                $"The tool '{name}' must be called, but on offer are {string.Join(", ", tools.Parameters.Select(tool => $"'{tool.Key}'"))}.",
                nameof(GenerationOptions.ToolChoice));
        }
        if (sampling.Grammar is not null)
            throw new ArgumentException("A tool must be called, and the answer must follow a grammar: only one of them is possible.", nameof(GenerationOptions.ToolChoice));
    }

    /// <summary>The grammar of what follows thoughts that the prompt has opened.</summary>
    private static Grammar AfterThoughts(Grammar grammar, ReasoningMarks reasoning)
    {
        const string Root = "after-thoughts";
        var start = $"{Root} ::= {GrammarWriter.Literal(reasoning.End)} [ \\n]{{0,3}} {grammar.Root}\n";
        return Grammar.Parse(start + grammar.Text, Root).After(reasoning.End);
    }
}
