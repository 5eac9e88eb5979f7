using System.Text;

namespace LoraBridge.Data;

/// <summary>An array of rows is not closed where the file ends, or goes on with something that is no row.</summary>
internal sealed class UnclosedArrayException(long line) : Exception
{
    public long Line => line;
}

/// <summary>A row's text, or null when it is longer than allowed.</summary>
internal readonly record struct ScannedRow(long Line, string? Text);

/// <summary>
/// Cuts a JSON file into rows, holding no more than one row in memory: one line each, objects over several lines, or items of arrays, in any
/// order one after another. Whether a row is valid is the JSON parser's business; one that is not costs no other.
/// </summary>
internal sealed class RowScanner(TextReader reader, int maximumLength)
{
    private readonly StringBuilder _row = new();
    private readonly Queue<Line> _lines = new();
    private long _line = 1;
    private bool _isTooLong;

    public IEnumerable<ScannedRow> ReadRows()
    {
        SkipSpace();
        while (reader.Peek() == '[')
        {
            foreach (var row in ReadArray())
                yield return row;
            SkipSpace();
        }
        foreach (var row in ReadLines())
            yield return row;
    }

    private IEnumerable<ScannedRow> ReadLines()
    {
        for (SkipSpace(); NextLine() is { } line; SkipSpace())
        {
            if (line.Text is null)
                yield return new ScannedRow(line.Number, null);
            else if (!string.IsNullOrWhiteSpace(line.Text))
                yield return new ScannedRow(line.Number, Whole(line));
        }
    }

    /// <summary>
    /// The object that starts on a line, with the lines that it goes on over; the line alone if it never ends, so that one broken row does
    /// not take the following ones with it.
    /// </summary>
    private string Whole(Line first)
    {
        var structure = new Structure();
        structure.Add(first.Text!);
        if (!structure.IsOpen || !first.Text!.AsSpan().TrimStart().StartsWith('{'))
            return first.Text!;
        List<Line> taken = [];
        var text = new StringBuilder(first.Text);
        while (structure.IsOpen && NextLine() is { } next)
        {
            taken.Add(next);
            if (next.Text is null || text.Length + next.Text.Length > maximumLength || (StartsRow(next.Text) && !structure.ExpectsMore))
                break;
            structure.Add(next.Text);
            text.Append('\n').Append(next.Text);
        }
        if (structure.IsClosed)
            return text.ToString();
        taken.AddRange(_lines);
        _lines.Clear();
        taken.ForEach(_lines.Enqueue);
        return first.Text!;
    }

    private static bool StartsRow(string line) => line.StartsWith('{') || line.StartsWith('[');

    private Line? NextLine()
    {
        if (_lines.TryDequeue(out var queued))
            return queued;
        if (reader.Peek() < 0)
            return null;
        var number = _line;
        while (reader.Peek() is not (-1 or '\n'))
            Keep(Take());
        if (reader.Peek() == '\n')
            Take();
        var row = TakeRow(number);
        return new Line(number, row.Text);
    }

    private IEnumerable<ScannedRow> ReadArray()
    {
        Take();
        for (SkipSpace(); reader.Peek() != ']'; SkipSpace())
        {
            var line = _line;
            ReadItem();
            yield return TakeRow(line);
            SkipSpace();
            if (reader.Peek() == ',')
                Take();
            else if (reader.Peek() != ']')
                throw new UnclosedArrayException(_line);
        }
        Take();
    }

    /// <summary>Reads up to the comma or bracket that ends an item; its inner structure is the JSON parser's business.</summary>
    private void ReadItem()
    {
        var depth = 0;
        var inString = false;
        while (reader.Peek() is >= 0 and var next)
        {
            if (!inString && depth == 0 && (next == ',' || next == ']'))
                return;
            var c = Take();
            Keep(c);
            if (inString && c == '\\' && reader.Peek() >= 0)
                Keep(Take());
            else if (c == '"')
                inString = !inString;
            else if (!inString)
                depth += c is '{' or '[' ? 1 : c is '}' or ']' ? -1 : 0;
        }
    }

    private ScannedRow TakeRow(long line)
    {
        var row = new ScannedRow(line, _isTooLong ? null : _row.ToString());
        _row.Clear();
        _isTooLong = false;
        return row;
    }

    private void SkipSpace()
    {
        while (reader.Peek() is >= 0 and var next && IsSpace((char)next))
            Take();
    }

    /// <summary>A byte order mark stands where a file begins that was appended to another.</summary>
    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c == '\uFEFF';

    private void Keep(char c)
    {
        if (_row.Length < maximumLength)
            _row.Append(c);
        else
            _isTooLong = true;
    }

    private char Take()
    {
        var c = (char)reader.Read();
        if (c == '\n')
            _line++;
        return c;
    }

    private sealed record Line(long Number, string? Text);

    /// <summary>How deep the brackets of a row are, line by line.</summary>
    private sealed class Structure
    {
        private int _depth;
        private bool _isBroken;
        private char _last;

        /// <summary>Whether more must follow. A text cannot go on over the end of a line.</summary>
        public bool IsOpen => !_isBroken && _depth > 0;

        public bool IsClosed => !_isBroken && _depth == 0;

        /// <summary>Whether the end of the line so far promises another value.</summary>
        public bool ExpectsMore => _last is ',' or ':' or '[' or '{';

        public void Add(string line)
        {
            var inString = false;
            for (var i = 0; i < line.Length; i++)
            {
                var c = line[i];
                if (inString)
                {
                    if (c == '\\')
                        i++;
                    else if (c == '"')
                        inString = false;
                    continue;
                }
                if (c == '"')
                    inString = true;
                else if (c is '{' or '[')
                    _depth++;
                else if (c is '}' or ']')
                    _depth--;
                if (!char.IsWhiteSpace(c))
                    _last = c;
            }
            _isBroken |= inString || _depth < 0;
        }
    }
}
