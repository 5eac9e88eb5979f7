using System.Text;

namespace LoraBridge.Data;

/// <summary>A row's text, or null when it is longer than allowed.</summary>
internal readonly record struct ScannedRow(long Line, string? Text);

/// <summary>Cuts a JSON file into rows, one line or one item of an array each, holding no more than one row in memory.</summary>
internal sealed class RowScanner(TextReader reader, int maximumLength)
{
    private readonly StringBuilder _row = new();
    private long _line = 1;
    private bool _isTooLong;

    public IEnumerable<ScannedRow> ReadRows()
    {
        SkipSpace();
        return reader.Peek() == '[' ? ReadArray() : ReadLines();
    }

    private IEnumerable<ScannedRow> ReadLines()
    {
        while (reader.Peek() >= 0)
        {
            var line = _line;
            while (reader.Peek() is not (-1 or '\n'))
                Keep(Take());
            if (reader.Peek() == '\n')
                Take();
            var row = TakeRow(line);
            if (row.Text is null || !string.IsNullOrWhiteSpace(row.Text))
                yield return row;
        }
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
                throw new InvalidDataException($"Line {_line}: the array of rows is not closed");
        }
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
        while (reader.Peek() is >= 0 and var next && char.IsWhiteSpace((char)next))
            Take();
    }

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
}
