using System.Text;
using LoraBridge.TextGeneration.Grammars;
using LoraBridge.TextGeneration.Grammars.Schema;

namespace LoraBridge.TextGeneration;

/// <summary>Constrains an answer: only text that the grammar describes is generated.</summary>
/// <remarks>
/// An answer that ends because the token limit is reached may be cut off in the middle of what the grammar describes; all others are
/// complete. Immutable; one grammar may serve many conversations.
/// </remarks>
public sealed class Grammar
{
    private Grammar(string text, GrammarProgram program, string root, IReadOnlyList<string> triggers)
    {
        Text = text;
        Root = root;
        Triggers = triggers;
        Program = program;
    }

    /// <summary>Any JSON object.</summary>
    public static Grammar JsonObject { get; } = FromJsonSchema("""{"type": "object"}""");

    /// <summary>The grammar in GBNF.</summary>
    public string Text { get; }

    /// <summary>The rule that describes the whole answer.</summary>
    public string Root { get; }

    /// <summary>
    /// Texts after which the grammar takes over; what precedes them is free. Empty: it holds from the start. The grammar describes the
    /// answer from the start of the trigger on.
    /// </summary>
    public IReadOnlyList<string> Triggers { get; }

    /// <summary>Reads a grammar in GBNF, the notation of llama.cpp.</summary>
    /// <param name="gbnf">The rules. References to tokens, such as <c>&lt;[7]&gt;</c>, are not supported.</param>
    /// <param name="root">The rule that describes the whole answer.</param>
    /// <exception cref="GrammarException">
    /// The text is no grammar, refers to a rule that is missing, or a rule calls itself before it reads anything; the message says where.
    /// </exception>
    public static Grammar Parse(string gbnf, string root = "root")
    {
        ArgumentNullException.ThrowIfNull(gbnf);
        ArgumentException.ThrowIfNullOrWhiteSpace(root);
        return new Grammar(gbnf, GrammarProgram.Compile(GbnfParser.Parse(gbnf), root), root, []);
    }

    /// <summary>Converts a JSON schema to a grammar: every complete answer is JSON that the schema accepts.</summary>
    /// <param name="schema">
    /// The schema (draft 7 to 2020-12): types, <c>enum</c>, <c>const</c>, objects, arrays, <c>$ref</c> within the document, <c>allOf</c>,
    /// <c>anyOf</c>, <c>oneOf</c> whose alternatives exclude each other, lengths, bounds, formats, and patterns without look-around.
    /// Properties come in the schema's order, and additional ones only where <c>additionalProperties</c> asks for them.
    /// </param>
    /// <exception cref="GrammarException">The text is no schema, or has a keyword that is not supported; the message names it.</exception>
    public static Grammar FromJsonSchema(string schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return Parse(JsonSchemaGrammar.Convert(schema));
    }

    /// <summary>The same grammar, which holds only from the first of some texts on: until the model writes one, it is free.</summary>
    /// <param name="triggers">The texts, each of which starts something that the grammar describes.</param>
    /// <exception cref="ArgumentException">There is none, or one is empty, or the grammar does not start with one.</exception>
    public Grammar After(params IReadOnlyList<string> triggers)
    {
        ArgumentNullException.ThrowIfNull(triggers);
        if (triggers.Count == 0 || triggers.Any(string.IsNullOrEmpty))
            throw new ArgumentException("At least one text is needed, and none of them empty.", nameof(triggers));
        var matcher = new GrammarMatcher(Program);
        foreach (var trigger in triggers)
        {
            if (matcher.Step(matcher.Start, Encoding.UTF8.GetBytes(trigger)) is null)
                throw new ArgumentException($"The grammar allows no text that starts with '{trigger}'.", nameof(triggers));
        }
        return new Grammar(Text, Program, Root, [.. triggers]);
    }

    /// <summary>Whether a text is complete in the sense of the grammar.</summary>
    public bool Matches(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var matcher = new GrammarMatcher(Program);
        return matcher.Step(matcher.Start, Encoding.UTF8.GetBytes(text)) is { CanEnd: true };
    }

    internal GrammarProgram Program { get; }
}

/// <summary>A grammar or JSON schema cannot be used: the message says what was found, and where.</summary>
public sealed class GrammarException : FormatException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong, and where.</param>
    /// <param name="innerException">The cause, if another exception led to this one.</param>
    public GrammarException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}
