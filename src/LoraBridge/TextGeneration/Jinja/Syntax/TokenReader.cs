using System.Runtime.CompilerServices;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>A cursor over the tokens, shared by the statement and the expression parser.</summary>
internal sealed class TokenReader(List<Token> tokens)
{
    private const int MaximumNesting = 200;
    private int _position;
    private int _nesting;

    public Token Current => tokens[_position];

    public Token Peek => tokens[Math.Min(_position + 1, tokens.Count - 1)];

    public int Line => Current.Line;

    public int Position => _position;

    /// <summary>Whether a name occurs between a position and the current one.</summary>
    public bool Names(int start, string name) => tokens[start.._position].Any(token => token.IsName(name));

    public Token Take() => Current.Kind == TokenKind.End ? Current : tokens[_position++];

    public bool TryTake(TokenKind kind)
    {
        var found = Current.Kind == kind;
        if (found)
            Take();
        return found;
    }

    public bool TryOperator(string text)
    {
        var found = Current.IsOperator(text);
        if (found)
            Take();
        return found;
    }

    public bool TryName(string text)
    {
        var found = Current.IsName(text);
        if (found)
            Take();
        return found;
    }

    public void ExpectOperator(string text)
    {
        if (!TryOperator(text))
            throw Unexpected($"'{text}'");
    }

    public string ExpectName() => Current.Kind == TokenKind.Name ? Take().Text : throw Unexpected("a name");

    public void Expect(TokenKind kind, string description)
    {
        if (!TryTake(kind))
            throw Unexpected(description);
    }

    public ChatTemplateException Unexpected(string expected) => new($"expected {expected}, found {Current}", Line);

    /// <summary>Parses something that may contain itself, to a bounded depth.</summary>
    public T Nested<T>(Func<T> parse)
    {
        if (++_nesting > MaximumNesting || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new ChatTemplateException($"nested more than {MaximumNesting} levels deep", Line);
        var result = parse();
        _nesting--;
        return result;
    }
}
