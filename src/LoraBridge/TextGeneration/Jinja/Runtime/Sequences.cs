using System.Text;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Iteration, indexing and slicing, where strings count in code points as in Python.</summary>
internal static class Sequences
{
    public static IReadOnlyList<Value> Items(Value value) => value switch
    {
        ListValue list => list.Items,
        DictValue dict => [.. dict.Items.Keys],
        StringValue text => [.. CodePoints(text.Traced).Select(Value.From)],
        GeneratorValue generator => generator.Rest(),
        UndefinedValue { IsForbidden: true } forbidden => throw new TemplateFault(forbidden.Reason),
        UndefinedValue => [],
        _ => throw new TemplateFault($"a value of type {value.TypeName} cannot be iterated"),
    };

    public static long Length(Value value) => value switch
    {
        ListValue list => list.Items.Count,
        DictValue dict => dict.Items.Count,
        StringValue text => Length(text.Traced),
        UndefinedValue => 0,
        _ => throw new TemplateFault($"a value of type {value.TypeName} has no length"),
    };

    /// <summary>The length in code points.</summary>
    public static long Length(TracedText text) => text.Length - text.Text.Count(char.IsLowSurrogate);

    /// <summary>Where a code point starts.</summary>
    public static int Offset(string text, int codePoint)
    {
        var offset = 0;
        for (; codePoint > 0 && offset < text.Length; codePoint--)
            offset += char.IsHighSurrogate(text[offset]) && offset + 1 < text.Length ? 2 : 1;
        return offset;
    }

    public static bool Contains(Value container, Value item) => container switch
    {
        StringValue text when item is StringValue part => text.Text.Contains(part.Text, StringComparison.Ordinal),
        StringValue => throw new TemplateFault($"'in' looks for a string in a string, found {item.TypeName}"),
        DictValue dict => IsKey(item) ? dict.Items.ContainsKey(item) : throw new TemplateFault($"a {item.TypeName} cannot be a key"),
        GeneratorValue generator => ContainsLazily(generator, item),
        _ => Items(container).Any(item.Equals),
    };

    /// <summary>Whether a value can be a key of a dict.</summary>
    public static bool IsKey(Value value) => value is not (ListValue { IsTuple: false } or DictValue);

    public static Value Slice(Value value, long? start, long? stop, long? step)
    {
        if (value is UndefinedValue undefined)
            throw new TemplateFault(undefined.Reason);
        if (value is StringValue text)
            return new StringValue(Slice(text.Traced, start, stop, step), text.IsSafe);
        // What has no positions has no such item either.
        if (value is not ListValue { HasPositions: true } list)
            return new UndefinedValue("slice");
        var items = Items(value);
        return new ListValue([.. Indices(items.Count, start, stop, step ?? 1).Select(i => items[i])], list.IsTuple);
    }

    /// <summary>The item at an index that may count from the end, or null when there is none.</summary>
    public static Value? At(Value sequence, long index)
    {
        var items = Items(sequence);
        var position = index < 0 ? index + items.Count : index;
        return position >= 0 && position < items.Count ? items[(int)position] : null;
    }

    private static IEnumerable<int> Indices(int count, long? start, long? stop, long step)
    {
        if (step == 0)
            throw new TemplateFault("a slice takes no step of zero");
        if (step > 0)
        {
            var to = Clamp(stop, count, count);
            for (long i = Clamp(start, 0, count); i < to; i += Math.Min(step, count))
                yield return (int)i;
            yield break;
        }

        // Backwards, the position before the first item is -1.
        var last = stop is null ? -1 : Math.Max(stop < 0 ? stop.Value + count : stop.Value, -1);
        var first = start is null ? count - 1 : Math.Min(start < 0 ? start.Value + count : start.Value, count - 1);
        for (var i = first; i > last && i >= 0; i -= Math.Min(-Math.Max(step, -int.MaxValue), Math.Max(count, 1)))
            yield return (int)i;
    }

    private static int Clamp(long? bound, int fallback, int count) =>
        bound is null ? fallback : (int)Math.Clamp(bound < 0 ? bound.Value + count : bound.Value, 0, count);

    private static TracedText Slice(TracedText text, long? start, long? stop, long? step)
    {
        if (step is null or 1)
        {
            var length = (int)Length(text);
            var (from, to) = (Clamp(start, 0, length), Clamp(stop, length, length));
            return length == text.Length
                ? text.Slice(from, to)
                : from < to ? text.Slice(Offset(text.Text, from), Offset(text.Text, to)) : TracedText.Empty;
        }
        var points = CodePoints(text);
        return StringMethods.Join("", [.. Indices(points.Count, start, stop, step.Value).Select(i => points[i])]);
    }

    private static bool ContainsLazily(GeneratorValue generator, Value item)
    {
        while (generator.Next() is { } next)
        {
            if (item.Equals(next))
                return true;
        }
        return false;
    }

    /// <summary>A text's characters as Python counts them.</summary>
    public static List<TracedText> CodePoints(TracedText text)
    {
        var result = new List<TracedText>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var length = Rune.TryGetRuneAt(text.Text, i, out var rune) ? rune.Utf16SequenceLength : 1;
            result.Add(text.Slice(i, i + length));
            i += length - 1;
        }
        return result;
    }
}
