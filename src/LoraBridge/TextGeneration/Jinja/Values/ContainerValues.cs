using System.Runtime.CompilerServices;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>A list, a tuple or one of Python's views.</summary>
/// <param name="items">Its items.</param>
/// <param name="isTuple">Whether it is a tuple.</param>
/// <param name="view">What Python calls a view, <c>dict_keys</c> or a range as it prints it; null for lists and tuples.</param>
internal sealed class ListValue(List<Value> items, bool isTuple = false, string? view = null) : Value
{
    public List<Value> Items => items;

    public bool IsTuple => isTuple;

    public string? View => view;

    /// <summary>Whether its items have positions: those of a dict's views do not.</summary>
    public bool HasPositions => view is null or ['r', ..];

    public override string TypeName => view?.Split('(')[0] ?? (isTuple ? "tuple" : "list");

    public override bool IsTrue => items.Count > 0;

    public override bool Equals(object? obj)
    {
        if (ReferenceEquals(this, obj))
            return true;
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return obj is ListValue other && other.IsTuple == isTuple && other.View is null == view is null && items.SequenceEqual(other.Items);
    }

    public override int GetHashCode() =>
        isTuple ? items.Aggregate(items.Count, HashCode.Combine) : throw new TemplateFault("a list cannot be a key");
}

/// <summary>A mapping that keeps its keys in order of insertion.</summary>
internal sealed class DictValue(OrderedDictionary<Value, Value> items) : Value
{
    public DictValue()
        : this([])
    {
    }

    public OrderedDictionary<Value, Value> Items => items;

    public override string TypeName => "dict";

    public override bool IsTrue => items.Count > 0;

    public DictValue With(string key, Value value)
    {
        items[new StringValue(key)] = value;
        return this;
    }

    public override bool Equals(object? obj)
    {
        if (ReferenceEquals(this, obj))
            return true;
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return obj is DictValue other && other.Items.Count == items.Count
            && items.All(pair => other.Items.TryGetValue(pair.Key, out var value) && pair.Value.Equals(value));
    }

    public override int GetHashCode() => throw new TemplateFault("a dict cannot be a key");
}

/// <summary>What <c>namespace()</c> returns: the one object whose attributes a template can set.</summary>
internal sealed class NamespaceValue(Dictionary<string, Value> attributes) : Value
{
    public Dictionary<string, Value> Attributes => attributes;

    public override string TypeName => "namespace";

    public override bool IsTrue => true;
}

/// <summary>A function, a macro or a method bound to its object.</summary>
internal sealed class CallableValue(string name, Func<Arguments, Value> body) : Value
{
    private static readonly Dictionary<string, Value> NoAttributes = [];

    /// <summary>What can be asked of it, such as <c>next</c> of a cycler.</summary>
    public IReadOnlyDictionary<string, Value> Attributes { get; init; } = NoAttributes;

    public string Name => name;

    public override string TypeName => "function";

    public override bool IsTrue => true;

    public Value Call(Arguments arguments) => body(arguments);
}
