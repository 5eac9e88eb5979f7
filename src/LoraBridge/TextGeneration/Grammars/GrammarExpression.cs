namespace LoraBridge.TextGeneration.Grammars;

/// <summary>What a rule of a grammar matches, as parsed from GBNF.</summary>
internal abstract record GrammarExpression;

/// <summary>One character of some ranges of code points; none matches nothing.</summary>
/// <param name="Ranges">Sorted, without overlaps and without surrogates.</param>
internal sealed record CharacterClass(IReadOnlyList<CodePointRange> Ranges) : GrammarExpression;

/// <summary>What another rule matches.</summary>
/// <param name="Name">The rule.</param>
/// <param name="Line">Where it is mentioned, counted from 1.</param>
internal sealed record RuleReference(string Name, int Line) : GrammarExpression;

/// <summary>One after the other; none matches the empty text.</summary>
internal sealed record Sequence(IReadOnlyList<GrammarExpression> Items) : GrammarExpression;

/// <summary>One of several.</summary>
internal sealed record Choice(IReadOnlyList<GrammarExpression> Alternatives) : GrammarExpression;

/// <summary>The same several times.</summary>
/// <param name="Item">What is repeated.</param>
/// <param name="Minimum">At least so often.</param>
/// <param name="Maximum">At most so often; null for no limit.</param>
internal sealed record Repetition(GrammarExpression Item, int Minimum, int? Maximum) : GrammarExpression;
