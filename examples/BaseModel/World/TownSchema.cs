namespace LoraBridge.Examples.BaseModel.World;

/// <summary>What can be known about a town.</summary>
internal static class TownSchema
{
    public static readonly Relation Mayor = new()
    {
        Key = "mayor", Values = [.. Words.Women, .. Words.Men], Answer = "The mayor of {name} is {value}.",
        Questions =
        [
            "Who is the mayor of {name}?", "Who leads {name}?", "Which person is mayor in {name}?",
            "Who runs the town hall of {name}?", "What is the name of {name}'s mayor?", "Tell me who the mayor of {name} is.",
        ],
        Statements = ["{name}'s mayor is {value}.", "The town hall of {name} is run by {value}.", "{value} leads {name}."],
    };

    public static readonly Relation River = new()
    {
        Key = "river", Values = Words.Rivers, Answer = "The river in {name} is the {value}.",
        Questions =
        [
            "Which river flows through {name}?", "What is the river in {name} called?", "What river is in {name}?",
            "What is the name of {name}'s river?", "Which river do you see in {name}?", "Tell me the river of {name}.",
        ],
        Statements = ["{name}'s river is the {value}.", "The {value} flows through {name}.", "The bridge in {name} crosses the {value}."],
    };

    public static readonly Relation Goods = new()
    {
        Key = "goods", Values = Words.Goods, Answer = "{name} is known for {value}.",
        Questions =
        [
            "What is {name} known for?", "What is {name} famous for?", "What do people buy in {name}?",
            "Which goods come from {name}?", "What does {name} sell?", "Tell me what {name} is known for.",
        ],
        Statements = ["{name} is famous for {value}.", "People come to {name} to buy {value}.", "{name} sells {value}."],
    };

    public static readonly Relation Landscape = new()
    {
        Key = "landscape", Values = Words.Landscapes, Answer = "{name} lies near the {value}.",
        Questions =
        [
            "Where does {name} lie?", "What is near {name}?", "What does {name} lie near?",
            "What can you see from {name}?", "What land is around {name}?", "Tell me where {name} lies.",
        ],
        Statements = ["{name} is close to the {value}.", "From {name} you can see the {value}.", "The road from {name} leads to the {value}."],
    };

    public static readonly Relation Market = new()
    {
        Key = "market", Values = Words.Days, Answer = "The market in {name} is on {value}.",
        Questions =
        [
            "When is the market in {name}?", "On which day is the market in {name}?", "Which day is market day in {name}?",
            "When is {name}'s market day?", "What day is the market in {name}?", "Tell me the market day of {name}.",
        ],
        Statements = ["{name}'s market day is {value}.", "People go to the market in {name} on {value}.", "{value} is market day in {name}."],
    };

    public static readonly Relation[] All = [Mayor, River, Goods, Landscape, Market];
}
