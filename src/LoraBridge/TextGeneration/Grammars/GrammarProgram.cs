namespace LoraBridge.TextGeneration.Grammars;

/// <summary>
/// A grammar compiled to a graph over bytes: nodes that read a byte, that branch, that call a rule, and the return from a rule.
/// Immutable.
/// </summary>
internal sealed class GrammarProgram
{
    /// <summary>The node that returns from a rule.</summary>
    internal const int Return = 0;

    private const int MaximumNodes = 1_000_000;

    private readonly List<Node> _nodes = [new(NodeKind.Return, 0, 0, Return, null)];
    private readonly Dictionary<string, int> _ruleStarts = [];
    private readonly Dictionary<CharacterClass, List<(byte Low, byte High)[]>> _encoded = [];

    private GrammarProgram()
    {
    }

    /// <summary>Where the root rule starts.</summary>
    internal int Start { get; private set; }

    internal Node this[int index] => _nodes[index];

    /// <exception cref="GrammarException">A rule is missing or left-recursive, or the grammar is too large.</exception>
    internal static GrammarProgram Compile(IReadOnlyDictionary<string, GrammarExpression> rules, string root)
    {
        if (!rules.ContainsKey(root))
            throw new GrammarException($"Grammar: there is no rule '{root}' to start with.");
        LeftRecursion.Refuse(rules);
        var program = new GrammarProgram();
        // A rule may be called before it is compiled: its start is a branch that is filled later.
        foreach (var name in rules.Keys)
            program._ruleStarts[name] = program.Add(new Node(NodeKind.Branch, 0, 0, 0, null));
        foreach (var (name, rule) in rules)
        {
            var body = program.Build(rule, Return);
            program._nodes[program._ruleStarts[name]] = new Node(NodeKind.Branch, 0, 0, 0, [body]);
        }
        program.Start = program._ruleStarts[root];
        return program;
    }

    /// <summary>Adds what matches <paramref name="expression"/> and then goes on at <paramref name="next"/>; returns where it starts.</summary>
    private int Build(GrammarExpression expression, int next)
    {
        switch (expression)
        {
            case CharacterClass characters:
                return BuildClass(characters, next);
            case RuleReference reference:
                return Add(new Node(NodeKind.Call, 0, 0, next, [_ruleStarts[reference.Name]]));
            case Sequence sequence:
                for (var i = sequence.Items.Count - 1; i >= 0; i--)
                    next = Build(sequence.Items[i], next);
                return next;
            case Choice choice:
                return Add(new Node(NodeKind.Branch, 0, 0, 0, [.. choice.Alternatives.Select(alternative => Build(alternative, next))]));
            case Repetition repetition:
                return BuildRepetition(repetition, next);
            default:
                throw new InvalidOperationException($"{expression.GetType().Name} is no expression of a grammar.");
        }
    }

    private int BuildRepetition(Repetition repetition, int next)
    {
        if (repetition.Maximum is { } maximum)
        {
            // x{0,3} is (x (x (x)?)?)?, and each part may go on at once.
            var rest = next;
            for (var i = repetition.Minimum; i < maximum; i++)
                rest = Add(new Node(NodeKind.Branch, 0, 0, 0, [Build(repetition.Item, rest), next]));
            next = rest;
        }
        else
        {
            var loop = Add(new Node(NodeKind.Branch, 0, 0, 0, null));
            _nodes[loop] = new Node(NodeKind.Branch, 0, 0, 0, [Build(repetition.Item, loop), next]);
            next = loop;
        }
        for (var i = 0; i < repetition.Minimum; i++)
            next = Build(repetition.Item, next);
        return next;
    }

    private int BuildClass(CharacterClass characters, int next)
    {
        if (!_encoded.TryGetValue(characters, out var encoded))
            _encoded[characters] = encoded = [.. characters.Ranges.SelectMany(Utf8Ranges.Of)];
        var starts = new int[encoded.Count];
        for (var i = 0; i < starts.Length; i++)
        {
            var node = next;
            for (var j = encoded[i].Length - 1; j >= 0; j--)
                node = Add(new Node(NodeKind.Byte, encoded[i][j].Low, encoded[i][j].High, node, null));
            starts[i] = node;
        }
        return starts.Length == 1 ? starts[0] : Add(new Node(NodeKind.Branch, 0, 0, 0, starts));
    }

    private int Add(Node node)
    {
        if (_nodes.Count >= MaximumNodes)
            throw new GrammarException("Grammar: it is too large; it repeats too much too often.");
        _nodes.Add(node);
        return _nodes.Count - 1;
    }

    internal enum NodeKind
    {
        Return,
        Byte,
        Branch,
        Call,
    }

    /// <param name="Kind">What it does.</param>
    /// <param name="Low">Smallest byte that is read.</param>
    /// <param name="High">Largest byte that is read.</param>
    /// <param name="Next">Where it goes on after the byte, or after the called rule returned.</param>
    /// <param name="Targets">Where a branch goes, or the start of the called rule.</param>
    internal readonly record struct Node(NodeKind Kind, byte Low, byte High, int Next, int[]? Targets);
}
