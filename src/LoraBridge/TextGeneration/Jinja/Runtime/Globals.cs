using System.Globalization;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>The functions every chat template may call.</summary>
internal static class Globals
{
    public static void AddTo(Scope scope, TimeProvider clock)
    {
        Add(scope, "namespace", arguments => new NamespaceValue(ToDictionary(arguments)));
        Add(scope, "dict", ToDict);
        Add(scope, "range", Range);
        Add(scope, "raise_exception", arguments => throw new TemplateFault(arguments.Require(0, "message").ToString()));
        Add(scope, "cycler", Cycler);
        Add(scope, "joiner", Joiner);
        Add(scope, "strftime_now", arguments => Value.From(StrfTime.Format(clock.GetLocalNow(), arguments.Text(0, "format"))));
    }

    private static void Add(Scope scope, string name, Func<Arguments, Value> body) => scope.Set(name, new CallableValue(name, body));

    private static Dictionary<string, Value> ToDictionary(Arguments arguments)
    {
        var result = new Dictionary<string, Value>();
        if (arguments.Find(0, "mapping") is DictValue source)
        {
            foreach (var (key, value) in source.Items)
                result[key.ToString()] = value;
        }
        foreach (var (name, value) in arguments.Named)
            result[name] = value;
        return result;
    }

    private static DictValue ToDict(Arguments arguments)
    {
        var result = new DictValue();
        if (arguments.Positional.Count > 0)
        {
            if (arguments.Positional[0] is DictValue source)
            {
                foreach (var (key, value) in source.Items)
                    result.Items[key] = value;
            }
            else
            {
                foreach (var pair in Sequences.Items(arguments.Positional[0]))
                    AddPair(result, Sequences.Items(pair));
            }
        }
        foreach (var (name, value) in arguments.Named)
            result.With(name, value);
        return result;
    }

    private static void AddPair(DictValue dict, IReadOnlyList<Value> pair)
    {
        if (pair.Count != 2)
            throw new TemplateFault($"dict() takes pairs, found {pair.Count} items");
        dict.Items[pair[0]] = pair[1];
    }

    private static ListValue Range(Arguments arguments)
    {
        var hasStart = arguments.Positional.Count > 1;
        var start = hasStart ? arguments.Integer(0, "start", 0) : 0;
        arguments.Require(0, "stop");
        var stop = arguments.Integer(hasStart ? 1 : 0, "stop", 0);
        var step = arguments.Integer(2, "step", 1);
        if (step == 0)
            throw new TemplateFault("range() takes no step of zero");

        List<Value> items = [];
        for (Int128 i = start; step > 0 ? i < stop : i > stop; i += step)
        {
            items.Add(Value.From((long)i));
            JinjaLimits.Default.CheckItems(items.Count);
        }
        var description = step == 1 ? string.Create(CultureInfo.InvariantCulture, $"range({start}, {stop})") : string.Create(CultureInfo.InvariantCulture, $"range({start}, {stop}, {step})");
        return new ListValue(items, view: description);
    }

    private static CallableValue Cycler(Arguments arguments)
    {
        var items = arguments.Positional;
        if (items.Count == 0)
            throw new TemplateFault("cycler() takes at least one value");
        var position = 0;
        var attributes = new Dictionary<string, Value>
        {
            ["next"] = new CallableValue("next", _ => items[position++ % items.Count]),
            ["reset"] = new CallableValue("reset", _ =>
            {
                position = 0;
                return NoneValue.Instance;
            }),
        };
        return new CallableValue("cycler", _ => throw new TemplateFault("a cycler cannot be called: its next() can")) { Attributes = attributes };
    }

    private static CallableValue Joiner(Arguments arguments)
    {
        var separator = arguments.Find(0, "sep") ?? Value.From(", ");
        var isFirst = true;
        return new CallableValue("joiner", _ =>
        {
            var result = isFirst ? Value.From("") : separator;
            isFirst = false;
            return result;
        });
    }
}
