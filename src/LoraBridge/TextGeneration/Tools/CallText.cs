using System.Text.Json;

namespace LoraBridge.TextGeneration.Tools;

/// <summary>Walks over the text of a section with calls. What runs over its end is missing; <see cref="IsIncomplete"/> tells so.</summary>
internal sealed class CallText(string text, int position, bool isEnd)
{
    /// <summary>Where it stands.</summary>
    internal int Position { get; set; } = position;

    /// <summary>Whether something was asked for that the text does not hold, but may hold when more of it has come.</summary>
    internal bool IsIncomplete { get; private set; }

    internal bool IsAtEnd => Position >= text.Length;

    internal char Current => IsAtEnd ? '\0' : text[Position];

    /// <summary>Takes a text if it stands here.</summary>
    internal bool TryTake(string literal)
    {
        var rest = text.AsSpan(Position);
        if (rest.StartsWith(literal))
        {
            Position += literal.Length;
            return true;
        }
        if (!isEnd && literal.AsSpan().StartsWith(rest))
            IsIncomplete = true;
        return false;
    }

    internal void SkipSpace()
    {
        while (!IsAtEnd && char.IsWhiteSpace(Current))
            Position++;
        if (IsAtEnd && !isEnd)
            IsIncomplete = true;
    }

    /// <summary>Takes everything before a text, and the text itself; null when it does not come.</summary>
    internal string? TakeUntil(string literal)
    {
        var at = text.IndexOf(literal, Position, StringComparison.Ordinal);
        if (at < 0)
        {
            IsIncomplete |= !isEnd;
            return null;
        }
        var taken = text[Position..at];
        Position = at + literal.Length;
        return taken;
    }

    /// <summary>Takes a JSON object or array; null when there is none.</summary>
    internal JsonElement? TakeJson()
    {
        SkipSpace();
        var end = JsonEnd();
        if (end < 0)
            return null;
        try
        {
            var value = JsonElement.Parse(text.AsSpan(Position, end - Position));
            Position = end;
            return value;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Where the object or array ends that starts here; -1 when there is none, or not yet.</summary>
    private int JsonEnd()
    {
        if (Current is not ('{' or '['))
            return -1;
        var depth = 0;
        var isInString = false;
        for (var i = Position; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\\' when isInString:
                    i++;
                    break;
                case '"':
                    isInString = !isInString;
                    break;
                case '{' or '[' when !isInString:
                    depth++;
                    break;
                case '}' or ']' when !isInString && --depth == 0:
                    return i + 1;
            }
        }
        IsIncomplete |= !isEnd;
        return -1;
    }
}
