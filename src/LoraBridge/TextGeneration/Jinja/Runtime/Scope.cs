namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Variables by name; what a loop or a macro sets stays inside it.</summary>
internal sealed class Scope(RenderState state, Scope? parent)
{
    private readonly Dictionary<string, Value> _variables = [];

    public RenderState State => state;

    public Scope Child() => new(state, this);

    public void Set(string name, Value value) => _variables[name] = value;

    public Value Get(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._variables.TryGetValue(name, out var value))
                return value;
        }
        return new UndefinedValue(name);
    }

    private Scope? Parent => parent;
}
