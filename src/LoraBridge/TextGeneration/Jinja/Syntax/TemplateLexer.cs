namespace LoraBridge.TextGeneration.Jinja;

/// <summary>
/// Splits a template into text and tags. White space is handled as chat templates expect it: <c>trim_blocks</c> and <c>lstrip_blocks</c> are
/// on, <c>-</c> strips, <c>+</c> keeps, and one newline at the end of the template is dropped.
/// </summary>
internal sealed class TemplateLexer
{
    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;
    private bool _atLineStart = true;

    private TemplateLexer(string source)
    {
        _source = source.ReplaceLineEndings("\n");
        if (_source.EndsWith('\n'))
            _source = _source[..^1];
    }

    public static List<Token> Tokenize(string source)
    {
        var lexer = new TemplateLexer(source);
        while (lexer.ReadTextAndTag())
        {
        }
        lexer.Add(TokenKind.End, "");
        return lexer._tokens;
    }

    private bool ReadTextAndTag()
    {
        var tag = FindTag(_position);
        if (tag < 0)
        {
            AddText(_source[_position..]);
            return false;
        }

        AddText(StripBeforeTag(_source[_position..tag], tag));
        MoveTo(tag);
        switch (_source[tag + 1])
        {
            case '#':
                SkipComment();
                break;
            case '{':
                ReadTag(TokenKind.OutputStart, TokenKind.OutputEnd, "}}");
                break;
            default:
                if (!TryReadRaw())
                    ReadTag(TokenKind.BlockStart, TokenKind.BlockEnd, "%}");
                break;
        }
        return true;
    }

    private int FindTag(int from)
    {
        for (var i = from; (i = _source.IndexOf('{', i)) >= 0 && i + 1 < _source.Length; i++)
        {
            if (_source[i + 1] is '{' or '%' or '#')
                return i;
        }
        return -1;
    }

    private string StripBeforeTag(string text, int tag)
    {
        var sign = tag + 2 < _source.Length ? _source[tag + 2] : '\0';
        if (sign == '-')
            return text.TrimEnd();
        if (sign == '+' || _source[tag + 1] == '{')
            return text;

        // lstrip_blocks: drop the indentation of a block that is the first thing on its line.
        var lineStart = text.LastIndexOf('\n') + 1;
        var indentationOnly = (lineStart > 0 || _atLineStart) && string.IsNullOrWhiteSpace(text[lineStart..]);
        return indentationOnly ? text[..lineStart] : text;
    }

    private void SkipComment()
    {
        var end = _source.IndexOf("#}", Math.Min(_position + 2, _source.Length), StringComparison.Ordinal);
        if (end < 0)
            throw new ChatTemplateException("a comment is not closed by '#}'", _line);
        CloseTag(end, hasTrimmedNewline: true);
    }

    private void ReadTag(TokenKind open, TokenKind close, string end)
    {
        Add(open, _source.Substring(_position, 2));
        _position += 2;
        if (_position < _source.Length && _source[_position] is '-' or '+')
            _position++;

        var scanner = new ExpressionLexer(_source, _position, _line, end);
        scanner.ReadInto(_tokens);
        _position = scanner.Position;
        _line = scanner.Line;
        Add(close, end);
        CloseTag(_position, hasTrimmedNewline: close == TokenKind.BlockEnd);
    }

    /// <summary>Steps over a closing mark and the white space that goes with it.</summary>
    private void CloseTag(int end, bool hasTrimmedNewline)
    {
        var sign = _source[end - 1];
        var next = end + 2;
        if (sign == '-')
        {
            while (next < _source.Length && char.IsWhiteSpace(_source[next]))
                next++;
        }
        else if (sign != '+' && hasTrimmedNewline && next < _source.Length && _source[next] == '\n')
        {
            next++;
        }
        MoveTo(next);
        _atLineStart = _source[next - 1] == '\n';
    }

    private bool TryReadRaw()
    {
        var match = RawBlock.Start().Match(_source, _position);
        if (!match.Success || match.Index != _position)
            return false;

        var end = RawBlock.End().Match(_source, match.Index + match.Length);
        if (!end.Success)
            throw new ChatTemplateException("a raw block lacks its endraw", _line);

        MoveTo(match.Index + match.Length);
        _atLineStart = match.Value.EndsWith('\n');
        AddText(StripBeforeTag(_source[_position..end.Index], end.Index));
        MoveTo(end.Index);
        CloseTag(end.Index + end.Length - 2, hasTrimmedNewline: true);
        return true;
    }

    private void AddText(string text)
    {
        if (text.Length > 0)
            Add(TokenKind.Text, text);
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new Token(kind, text, _line));

    private void MoveTo(int position)
    {
        _line += _source.AsSpan(_position, position - _position).Count('\n');
        _position = position;
    }
}
