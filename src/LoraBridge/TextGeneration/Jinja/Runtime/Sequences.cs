using System.Text;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Iteration, indexing and slicing, where strings count in code points as in Python.</summary>
internal static class Sequences
{
    public static IReadOnlyList<Value> Items(Value value) => value switch
    {
        ListValue list => list.Items,
        DictValue dict => [.. dict.Items.Keys],
        StringValue text => CodePoints(text.Text),
        UndefinedValue => [],
        _ => throw new TemplateFault($"a value of type {value.TypeName} cannot be iterated"),
    };

    public static long Length(Value value) => value switch
    {
        ListValue list => list.Items.Count,
        DictValue dict => dict.Items.Count,
        StringValue text => text.Text.Length - text.Text.Count(char.IsLowSurrogate),
        UndefinedValue => 0,
        _ => throw new TemplateFault($"a value of type {value.TypeName} has no length"),
    };

    public static bool Contains(Value container, Value item) => container switch
    {
        StringValue text when item is StringValue part => text.Text.Contains(part.Text, StringComparison.Ordinal),
        StringValue => throw new TemplateFault($"'in' looks for a string in a string, found {item.TypeName}"),
        DictValue dict => item is not (ListValue { IsTuple: false } or DictValue) && dict.Items.ContainsKey(item),
        _ => Items(container).Any(item.Equals),
    };

    public static Value Slice(Value value, long? start, long? stop, long? step)
    {
        if (value is UndefinedValue undefined)
            throw new TemplateFault($"'{undefined.Name}' is undefined");
        if (value is not (ListValue or StringValue))
            throw new TemplateFault($"a value of type {value.TypeName} cannot be sliced");
        if (value is StringValue { Text: var whole } && step is null or 1 && !whole.Any(char.IsSurrogate))
        {
            var (from, to) = (Clamp(start, 0, whole.Length), Clamp(stop, whole.Length, whole.Length));
            return Value.From(from < to ? whole[from..to] : "");
        }

        var items = Items(value);
        var picked = Indices(items.Count, start, stop, step ?? 1).Select(i => items[i]).ToList();
        return value is ListValue list ? new ListValue(picked, list.IsTuple) : Value.From(string.Concat(picked));
    }

    /// <summary>The item at an index that may count from the end, or null when there is none.</summary>
    public static Value? At(Value sequence, long index)
    {
        var items = sequence is ListValue list ? list.Items : Items(sequence);
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

    private static List<Value> CodePoints(string text)
    {
        var result = new List<Value>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var length = Rune.TryGetRuneAt(text, i, out var rune) ? rune.Utf16SequenceLength : 1;
            result.Add(Value.From(text.Substring(i, length)));
            i += length - 1;
        }
        return result;
    }
}
