namespace LoraBridge.Examples.BaseModel.World;

/// <summary>One fact together with the entity it belongs to.</summary>
internal readonly record struct Combination(Entity Entity, Relation Relation)
{
    public string Answer => Entity.Answer(Relation);
}

/// <summary>
/// The world: thirty-two people and ten towns whose facts follow from the seed. For some combinations of entity and
/// relation no question is ever asked in the corpus; the fact itself is told in prose like any other.
/// </summary>
internal sealed class WorldModel
{
    /// <summary>Held-out relations of each person, of thirteen.</summary>
    private const int HeldOutPerPerson = 2;

    private WorldModel(IReadOnlyList<Entity> people, IReadOnlyList<Entity> towns, IReadOnlySet<(string, string)> heldOut)
    {
        People = people;
        Towns = towns;
        Combinations = [.. from entity in people.Concat(towns) from relation in entity.Schema select new Combination(entity, relation)];
        HeldOut = [.. Combinations.Where(c => heldOut.Contains((c.Entity.Name, c.Relation.Key)))];
        Asked = [.. Combinations.Where(c => !heldOut.Contains((c.Entity.Name, c.Relation.Key)))];
        _heldOut = heldOut;
    }

    private readonly IReadOnlySet<(string, string)> _heldOut;

    public IReadOnlyList<Entity> People { get; }

    public IReadOnlyList<Entity> Towns { get; }

    public IReadOnlyList<Combination> Combinations { get; }

    /// <summary>The combinations whose question form the corpus never shows.</summary>
    public IReadOnlyList<Combination> HeldOut { get; }

    /// <summary>All others.</summary>
    public IReadOnlyList<Combination> Asked { get; }

    /// <summary>May the corpus ask for this relation of this entity?</summary>
    public bool MayAsk(Entity entity, Relation relation) => !_heldOut.Contains((entity.Name, relation.Key));

    /// <summary>The same world with its first people only.</summary>
    public WorldModel WithFirst(int people) => new([.. People.Take(people)], Towns, _heldOut);

    public static WorldModel Create(ulong seed)
    {
        var random = new SeededRandom(seed).Fork("world");
        var women = Words.Women.ToHashSet();
        var names = random.Shuffled(Words.Women.Concat(Words.Men));
        var people = new List<Entity>();
        var heldOut = new HashSet<(string, string)>();
        for (var i = 0; i < names.Length; i++)
        {
            var pronoun = women.Contains(names[i]) ? Pronoun.She : Pronoun.He;
            people.Add(Populate(names[i], pronoun, PersonSchema.All, random));
            // Walking through the schema spreads the held-out questions evenly over the relations.
            for (var k = 0; k < HeldOutPerPerson; k++)
                heldOut.Add((names[i], PersonSchema.All[(HeldOutPerPerson * i + k) % PersonSchema.All.Length].Key));
        }
        var towns = Words.Towns.Select(name => Populate(name, Pronoun.It, TownSchema.All, random)).ToList();
        for (var i = 0; i < towns.Count; i++) heldOut.Add((towns[i].Name, TownSchema.All[i % TownSchema.All.Length].Key));
        return new WorldModel(people, towns, heldOut);
    }

    /// <summary>An entity with random facts; a person is never his or her own best friend.</summary>
    public static Entity Populate(string name, Pronoun pronoun, IReadOnlyList<Relation> schema, SeededRandom random)
    {
        var facts = new Dictionary<string, string>();
        foreach (var relation in schema)
        {
            var value = relation.Draw(random);
            while (value == name) value = relation.Draw(random);
            facts[relation.Key] = value;
        }
        return new Entity(name, pronoun, schema, facts);
    }
}
