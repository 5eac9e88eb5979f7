using System.Globalization;
using System.Text;

namespace LoraBridge.TestKit.Terminals;

/// <summary>
/// The screen of a terminal: what remains to be seen of what a program writes. Knows what consoles of .NET and of Spectre use: line
/// feeds, carriage returns, backspaces, tabs, wrapping, movements of the cursor, and erasing; colours and modes are passed over.
/// </summary>
/// <param name="columns">Where lines wrap.</param>
/// <param name="rows">How far the cursor can move up, and what erasing the screen erases. Lines above are kept, as in a window that scrolls.</param>
internal sealed class TerminalScreen(int columns, int rows)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder _written = new();
    private readonly List<List<char>> _lines = [[]];
    private readonly StringBuilder _sequence = new();
    private int _row, _column;
    private bool _inSequence;

    internal bool ShowsCursor { get; private set; } = true;

    internal string Written => _written.ToString();

    internal string Text => string.Join('\n', _lines.Select(line => string.Concat(line).TrimEnd())).TrimEnd('\n');

    private int Top => Math.Max(_lines.Count - rows, 0);

    internal void Write(ReadOnlySpan<byte> bytes)
    {
        var characters = new char[bytes.Length + 1];
        var count = _decoder.GetChars(bytes, characters, flush: false);
        _written.Append(characters, 0, count);
        foreach (var character in characters.AsSpan(0, count))
            Write(character);
    }

    private void Write(char character)
    {
        if (_inSequence)
            Continue(character);
        else if (character == '\e')
            _inSequence = true;
        else if (character == '\n')
            MoveTo(_row + 1, _column);
        else if (character == '\r')
            _column = 0;
        else if (character == '\b')
            _column = Math.Max(_column - 1, 0);
        else if (character == '\t')
            _column = Math.Min((_column / 8 + 1) * 8, columns - 1);
        else if (!char.IsControl(character))
            Put(character);
    }

    private void Put(char character)
    {
        // The last column wraps when something follows it, not before.
        if (_column == columns)
            MoveTo(_row + 1, 0);
        var line = _lines[_row];
        while (line.Count <= _column)
            line.Add(' ');
        line[_column++] = character;
    }

    /// <summary>Gathers a control sequence: <c>ESC [ parameters letter</c>, <c>ESC ] text BEL</c>, or <c>ESC letter</c>.</summary>
    private void Continue(char character)
    {
        _sequence.Append(character);
        var isComplete = _sequence[0] switch
        {
            '[' => _sequence.Length > 1 && character is >= '@' and <= '~',
            ']' => character == '\a',
            '(' or ')' => _sequence.Length == 2,
            _ => true,
        };
        if (!isComplete)
            return;
        var sequence = _sequence.ToString();
        _sequence.Clear();
        _inSequence = false;
        if (sequence[0] == '[')
            Obey(sequence[^1], sequence[1..^1]);
    }

    private void Obey(char command, string parameters)
    {
        var numbers = parameters.Split(';').Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).ToArray();
        var distance = Math.Max(numbers[0], 1);
        switch (command)
        {
            case 'A': MoveTo(Math.Max(_row - distance, Top), _column); break;
            case 'B': MoveTo(Math.Min(_row + distance, Top + rows - 1), _column); break;
            case 'C': MoveTo(_row, _column + distance); break;
            case 'D': MoveTo(_row, _column - distance); break;
            case 'G': MoveTo(_row, distance - 1); break;
            case 'H': MoveTo(Top + distance - 1, Math.Max(numbers.ElementAtOrDefault(1), 1) - 1); break;
            case 'J': EraseScreen(numbers[0]); break;
            case 'K': EraseLine(numbers[0]); break;
            case 'h' or 'l' when parameters == "?25": ShowsCursor = command == 'h'; break;
            default: break;
        }
    }

    private void MoveTo(int row, int column)
    {
        (_row, _column) = (row, Math.Clamp(column, 0, columns - 1));
        while (_lines.Count <= _row)
            _lines.Add([]);
    }

    private void EraseScreen(int how)
    {
        var (first, last) = how switch { 0 => (_row + 1, _lines.Count), 1 => (Top, _row), _ => (Top, _lines.Count) };
        for (var row = first; row < last; row++)
            _lines[row].Clear();
        if (how < 2)
            EraseLine(how);
    }

    private void EraseLine(int how)
    {
        var line = _lines[_row];
        var (first, last) = how switch { 0 => (_column, line.Count), 1 => (0, Math.Min(_column + 1, line.Count)), _ => (0, line.Count) };
        for (var column = first; column < last; column++)
            line[column] = ' ';
    }
}
