using System.Runtime.CompilerServices;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>A list or a tuple; only lists can grow.</summary>
internal sealed class ListValue(List<Value> items, bool isTuple = false) : Value
{
    public List<Value> Items => items;

    public bool IsTuple => isTuple;

    public override string TypeName => isTuple ? "tuple" : "list";

    public override bool IsTrue => items.Count > 0;

    public override bool Equals(object? obj)
    {
        if (ReferenceEquals(this, obj))
            return true;
        // A template can append a list to itself.
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return obj is ListValue other && other.IsTuple == isTuple && items.SequenceEqual(other.Items);
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
    public string Name => name;

    public override string TypeName => "function";

    public override bool IsTrue => true;

    public Value Call(Arguments arguments) => body(arguments);
}
