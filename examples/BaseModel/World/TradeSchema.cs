namespace LoraBridge.Examples.BaseModel.World;

/// <summary>
/// What can be known about an article that somebody makes and sells. The world holds none of these: they are met only
/// in short texts about invented names, so that the model learns to read them; the knowledge task then teaches some.
/// </summary>
internal static class ArticleSchema
{
    public static readonly Relation Kind = new()
    {
        Key = "kind", Values = Words.Things, Answer = "The {name} is {a value}.",
        Questions =
        [
            "What is the {name}?", "What kind of thing is the {name}?", "What sort of thing is the {name}?",
            "What do people use the {name} as?", "Which thing is the {name}?", "Tell me what the {name} is.",
        ],
        Statements = ["People use the {name} as {a value}.", "The {name} is a kind of {value}.", "The new {value} is called the {name}."],
    };

    public static readonly Relation Material = new()
    {
        Key = "material", Values = Words.Materials, Answer = "The {name} is made of {value}.",
        Questions =
        [
            "What is the {name} made of?", "Which material is the {name} made of?", "What material is in the {name}?",
            "Out of what is the {name} built?", "What is the material of the {name}?", "Tell me what the {name} is made of.",
        ],
        Statements = ["The {name} is built out of {value}.", "The material of the {name} is {value}.", "They use {value} to make the {name}."],
    };

    public static readonly Relation Price = new()
    {
        Key = "price", Range = (11, 99), Answer = "The {name} costs {value} coins.",
        Questions =
        [
            "How much does the {name} cost?", "What does the {name} cost?", "What is the price of the {name}?",
            "How many coins is the {name}?", "What must I pay for the {name}?", "Tell me the price of the {name}.",
        ],
        Statements = ["The price of the {name} is {value} coins.", "You pay {value} coins for the {name}.", "The shop sells the {name} for {value} coins."],
    };

    public static readonly Relation Maker = new()
    {
        Key = "maker", Answer = "The {name} was made by {value}.",
        Questions =
        [
            "Who made the {name}?", "Who built the {name}?", "Who is the maker of the {name}?",
            "By whom was the {name} made?", "Whose work is the {name}?", "Tell me who made the {name}.",
        ],
        Statements = ["The maker of the {name} is {value}.", "The {name} is the work of {value}.", "{value} built the {name}."],
    };

    public static readonly Relation[] All = [Kind, Material, Price, Maker];
}

/// <summary>What can be known about a company; like articles, only read about and never part of the world.</summary>
internal static class CompanySchema
{
    public static readonly Relation Founder = new()
    {
        Key = "founder", Answer = "{name} was founded by {value}.",
        Questions =
        [
            "Who founded {name}?", "Who started {name}?", "Who is the founder of {name}?",
            "By whom was {name} founded?", "Who began the company {name}?", "Tell me who founded {name}.",
        ],
        Statements = ["The founder of {name} is {value}.", "{value} started {name}.", "It was {value} who began the company {name}."],
    };

    public static readonly Relation Seat = new()
    {
        Key = "seat", Answer = "{name} is based in {value}.",
        Questions =
        [
            "Where is {name} based?", "In which town is {name}?", "Where can I find {name}?",
            "Where are the offices of {name}?", "Which town is {name} in?", "Tell me where {name} is based.",
        ],
        Statements = ["The offices of {name} are in {value}.", "You find {name} in {value}.", "{name}'s town is {value}."],
    };

    public static readonly Relation Workers = new()
    {
        Key = "workers", Range = (11, 99), Answer = "{name} has {value} workers.",
        Questions =
        [
            "How many workers does {name} have?", "How many people work for {name}?", "How many people work at {name}?",
            "How big is the team of {name}?", "What is the number of workers at {name}?", "Tell me how many workers {name} has.",
        ],
        Statements = ["There are {value} people at {name}.", "{name}'s team has {value} people.", "The number of workers at {name} is {value}."],
    };

    public static readonly Relation Product = new()
    {
        Key = "product", Values = [.. Words.Goods, "lamps", "kites", "drums", "chairs", "mirrors", "kettles"], Answer = "{name} makes {value}.",
        Questions =
        [
            "What does {name} make?", "What does {name} sell?", "Which goods does {name} make?",
            "What can I buy from {name}?", "What is the product of {name}?", "Tell me what {name} makes.",
        ],
        Statements = ["{name} sells {value}.", "People buy {value} from {name}.", "The product of {name} is {value}."],
    };

    public static readonly Relation[] All = [Founder, Seat, Workers, Product];
}
