namespace LoraBridge.TextGeneration.Grammars;

/// <summary>Finds rules that would call themselves before anything was read, which no reader from left to right can follow.</summary>
internal static class LeftRecursion
{
    /// <exception cref="GrammarException">A rule is left-recursive or refers to one that does not exist; the message names it.</exception>
    internal static void Refuse(IReadOnlyDictionary<string, GrammarExpression> rules)
    {
        var canBeEmpty = FindEmpty(rules);
        var calls = rules.ToDictionary(rule => rule.Key, rule =>
        {
            var first = new List<RuleReference>();
            FirstCalls(rule.Value, canBeEmpty, first);
            return first;
        });
        var done = new HashSet<string>();
        foreach (var name in rules.Keys)
            Visit(name, calls, done);
    }

    private static void Visit(string start, Dictionary<string, List<RuleReference>> calls, HashSet<string> done)
    {
        if (done.Contains(start))
            return;
        var path = new Stack<(string Name, int Next)>([(start, 0)]);
        var open = new HashSet<string> { start };
        while (path.TryPop(out var current))
        {
            if (current.Next == calls[current.Name].Count)
            {
                open.Remove(current.Name);
                done.Add(current.Name);
                continue;
            }
            path.Push(current with { Next = current.Next + 1 });
            var called = calls[current.Name][current.Next];
            if (open.Contains(called.Name))
                throw new GrammarException($"Grammar, line {called.Line}: the rule '{called.Name}' calls itself before it has read anything.");
            if (done.Contains(called.Name))
                continue;
            open.Add(called.Name);
            path.Push((called.Name, 0));
        }
    }

    private static HashSet<string> FindEmpty(IReadOnlyDictionary<string, GrammarExpression> rules)
    {
        var empty = new HashSet<string>();
        int before;
        do
        {
            before = empty.Count;
            foreach (var (name, rule) in rules)
            {
                if (!empty.Contains(name) && CanBeEmpty(rule, rules, empty))
                    empty.Add(name);
            }
        }
        while (empty.Count > before);
        return empty;
    }

    private static bool CanBeEmpty(GrammarExpression expression, IReadOnlyDictionary<string, GrammarExpression> rules, HashSet<string> empty) =>
        expression switch
        {
            RuleReference reference when !rules.ContainsKey(reference.Name) =>
                throw new GrammarException($"Grammar, line {reference.Line}: there is no rule '{reference.Name}'."),
            RuleReference reference => empty.Contains(reference.Name),
            // All parts are looked at, so that a missing rule is found wherever it is.
            Sequence sequence => sequence.Items.Count(item => CanBeEmpty(item, rules, empty)) == sequence.Items.Count,
            Choice choice => choice.Alternatives.Count(item => CanBeEmpty(item, rules, empty)) > 0,
            Repetition repetition => CanBeEmpty(repetition.Item, rules, empty) || repetition.Minimum == 0,
            _ => false,
        };

    /// <summary>Collects the rules that may be called first.</summary>
    /// <returns>Whether the expression can be passed without reading anything.</returns>
    private static bool FirstCalls(GrammarExpression expression, HashSet<string> canBeEmpty, List<RuleReference> calls)
    {
        switch (expression)
        {
            case RuleReference reference:
                calls.Add(reference);
                return canBeEmpty.Contains(reference.Name);
            case Sequence sequence:
                foreach (var item in sequence.Items)
                {
                    if (!FirstCalls(item, canBeEmpty, calls))
                        return false;
                }
                return true;
            case Choice choice:
                return choice.Alternatives.Count(item => FirstCalls(item, canBeEmpty, calls)) > 0;
            case Repetition repetition:
                return FirstCalls(repetition.Item, canBeEmpty, calls) || repetition.Minimum == 0;
            default:
                return false;
        }
    }
}
